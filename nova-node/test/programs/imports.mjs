import { Bedrock } from "bedrock-nova";

new Bedrock({ credentials: async () => ({ accessKeyId: "a", secretAccessKey: "b" }) });
console.log("imported");
