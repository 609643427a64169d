"use strict";

const { Client } = require("./lib/client.js");
const errors = require("./lib/errors.js");
const events = require("./lib/events.js");
const { Inbox } = require("./lib/inbox.js");
const { keepRawBody } = require("./lib/node_handler.js");
const { Webhook } = require("./lib/webhook.js");
const { version } = require("./package.json");

// Named one by one: this is how `import { … }` from a CommonJS file finds them.
exports.Client = Client;
exports.Inbox = Inbox;
exports.Webhook = Webhook;
exports.keepRawBody = keepRawBody;
exports.version = version;
exports.eventFromJson = events.eventFromJson;
exports.isInboundMessage = events.isInboundMessage;
exports.replyWindowRemaining = events.replyWindowRemaining;
exports.replyWindowState = events.replyWindowState;
exports.isBackchatError = errors.isBackchatError;
exports.ApiError = errors.ApiError;
exports.AuthenticationError = errors.AuthenticationError;
exports.BackchatError = errors.BackchatError;
exports.ConfigurationError = errors.ConfigurationError;
exports.InsufficientBalanceError = errors.InsufficientBalanceError;
exports.InvalidPhoneNumberError = errors.InvalidPhoneNumberError;
exports.InvalidReplyContextError = errors.InvalidReplyContextError;
exports.MaybeSentError = errors.MaybeSentError;
exports.MissingTextError = errors.MissingTextError;
exports.NotSentError = errors.NotSentError;
exports.PhoneNumberMismatchError = errors.PhoneNumberMismatchError;
exports.RateLimitError = errors.RateLimitError;
exports.SentUnconfirmedError = errors.SentUnconfirmedError;
exports.SignatureVerificationError = errors.SignatureVerificationError;
exports.StoreError = errors.StoreError;
exports.UnreadableEventError = errors.UnreadableEventError;
exports.WindowExpiredError = errors.WindowExpiredError;
