/** Runs in the page before anything else: listens at the loudspeaker, and notes when messages come. Not a part of the element. */
export function tap() {
  const heard = { blocks: [], interruptions: [], sockets: 0, sent: 0 };
  globalThis.heard = heard;
  const taps = new WeakMap();
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      if (!taps.has(this.context)) taps.set(this.context, listen(this.context));
      connect.call(this, taps.get(this.context));
    }
    return connect.call(this, target, ...rest);
  };

  function listen(context) {
    globalThis.audioContext = context;
    const size = 256;
    const node = context.createScriptProcessor(size, 1, 1);
    node.onaudioprocess = ({ inputBuffer, playbackTime }) => {
      const peak = inputBuffer.getChannelData(0).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      // It was rendered up to two blocks before: what is measured is rather too late than too early.
      heard.blocks.push([playbackTime, peak]);
    };
    connect.call(node, context.destination);
    return node;
  }

  const Socket = globalThis.WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      heard.sockets += 1;
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string" && data.includes('"interrupted"') && JSON.parse(data).type === "interrupted") {
          heard.interruptions.push(globalThis.audioContext.currentTime);
        }
      });
    }
    send(data) {
      if (typeof data !== "string") heard.sent += 1;
      super.send(data);
    }
  };
}
