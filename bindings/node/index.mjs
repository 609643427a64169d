// The same copy as for `require`: an error of one is an instance of the other's class. Asked for with
// `require`, which spares every process the reading of CommonJS for names.
import { createRequire } from "node:module";

export const {
  ApiError,
  AuthenticationError,
  BackchatError,
  Client,
  ConfigurationError,
  Inbox,
  InsufficientBalanceError,
  InvalidPhoneNumberError,
  InvalidReplyContextError,
  MaybeSentError,
  MissingTextError,
  NotSentError,
  PhoneNumberMismatchError,
  RateLimitError,
  SentUnconfirmedError,
  SignatureVerificationError,
  StoreError,
  UnreadableEventError,
  Webhook,
  WindowExpiredError,
  eventFromJson,
  isBackchatError,
  isInboundMessage,
  keepRawBody,
  replyWindowRemaining,
  replyWindowState,
  version,
} = createRequire(import.meta.url)("./index.js");
