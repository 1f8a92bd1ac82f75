import { startEmulator } from "bedrock-nova/testing";

console.log((await startEmulator()).pid);
