"use strict";

// Says where the command is: in the optional package of this platform.

const { join } = require("node:path");
const { version } = require("./package.json");

function platform() {
  const { platform, arch } = process;
  if (platform !== "linux") return `${platform}-${arch}`;
  return `linux-${arch}-${process.report.getReport().header.glibcVersionRuntime ? "gnu" : "musl"}`;
}

function find() {
  const name = `bedrock-nova-cli-${platform()}`;
  try {
    return join(require.resolve(`${name}/package.json`), "..", "bedrock-nova");
  } catch (cause) {
    throw new Error(
      `bedrock-nova-cli has no command for this platform: the package ${name}@${version} is not installed. npm leaves it ` +
        `out with --omit=optional, and where a package-lock.json was written on another platform (npm/cli#4828): delete ` +
        `node_modules and package-lock.json and install again, or \`npm install ${name}@${version}\`. ` +
        `Packages exist for linux-x64-gnu.`,
      { cause },
    );
  }
}

exports.path = find();
