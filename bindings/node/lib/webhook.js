// `Webhook`: bytes in, event out.
"use strict";

const native = require("./native.js");
const { checked, configuration } = require("./errors.js");
const { revived } = require("./events.js");
const { bytes, pairs } = require("./request.js");

class Webhook {
  #native;

  constructor(publicKeys) {
    if (publicKeys instanceof native().Webhook) {
      this.#native = publicKeys;
      return;
    }
    const keys = publicKeys === undefined || publicKeys === null ? undefined : [publicKeys].flat();
    if (keys?.some((key) => typeof key !== "string")) {
      throw configuration("publicKeys", "must be a string, PEM or JWKS, or an array of them", Webhook);
    }
    this.#native = checked(Webhook, () => new (native().Webhook)(keys));
  }

  static unverified() {
    return new Webhook(native().Webhook.unverified());
  }

  verify(body, headers) {
    const raw = bytes(body);
    const flat = pairs(headers);
    const json = checked(this.verify, () => this.#native.verify(raw, flat), raw);
    return revived(JSON.parse(json));
  }

  // For the inbox.
  static native(webhook) {
    return webhook.#native;
  }
}

module.exports = { Webhook };
