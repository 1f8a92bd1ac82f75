import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Conversation } from "bedrock-nova";

async function talk(stay) {
  const call = await Conversation.connect();
  await call.sendText("Hello, who are you?");
  for await (const { type } of call) {
    if (type === "audio" && stay) return call;
    if (type === "turnEnded") break;
  }
  await call.close();
  return "answered";
}

if (!isMainThread) {
  const call = await talk(workerData.stay);
  parentPort.postMessage(workerData.stay ? "stays" : call);
} else {
  const told = [];
  const worker = (stay) => new Worker(new URL(import.meta.url), { workerData: { stay } });
  const said = (worker) => new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  told.push(...(await Promise.all([said(worker(false)), talk(false)])));
  const staying = worker(true);
  if ((await said(staying)) === "stays") {
    await staying.terminate();
    told.push("terminated");
  }
  told.push(await talk(false));
  console.log(told.join(" "));
}
