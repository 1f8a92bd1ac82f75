const { Conversation } = require("bedrock-nova");
const { startEmulator } = require("bedrock-nova/testing");

console.log(typeof Conversation.connect, typeof startEmulator);
