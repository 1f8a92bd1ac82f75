"use strict";

// Finds the native half: beside this file in a checkout, else in the optional package of this platform.

const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { version } = require("./package.json");

/** @returns {string} What the packages are called by: `linux-x64-gnu`. */
function platform() {
  const { platform, arch } = process;
  if (platform !== "linux") return `${platform}-${arch}`;
  return `linux-${arch}-${process.report.getReport().header.glibcVersionRuntime ? "gnu" : "musl"}`;
}

function load() {
  const here = platform();
  const built = join(__dirname, "native", `bedrock-nova.${here}.node`);
  if (existsSync(built)) return require(built);
  const name = `bedrock-nova-${here}`;
  let native;
  try {
    native = require(name);
  } catch (cause) {
    throw new Error(
      `bedrock-nova has no native half for ${here}: the package ${name}@${version} is not installed, or cannot be loaded. ` +
        `npm leaves it out with --omit=optional, and where a package-lock.json was written on another platform ` +
        `(npm/cli#4828): delete node_modules and package-lock.json and install again, or \`npm install ${name}@${version}\`. ` +
        `Packages exist for linux-x64-gnu.`,
      { cause },
    );
  }
  if (native.VERSION !== version) {
    throw new Error(
      `${name} is of version ${native.VERSION} and bedrock-nova of ${version}: install ${name}@${version} in its place.`,
    );
  }
  return native;
}

module.exports = load();
