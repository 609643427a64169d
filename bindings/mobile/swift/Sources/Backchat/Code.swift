extension BackchatError {
    /// The stable name of an error, the same in every language. Prelude may add codes: one that this
    /// version does not know keeps its string.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// As the API and every language write it.
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// So that `catch BackchatError.Code.windowExpired` catches it.
        public static func ~= (code: Code, error: any Error) -> Bool {
            (error as? BackchatError)?.code == code
        }
    }
}

/// The code, if it looks like one: what else a server may write there must not reach a log.
extension BackchatError.Code: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { shown(rawValue) }
    public var debugDescription: String { "Code(\(description))" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension BackchatError.Code {
    /// `window_expired`: the 24-hour window has closed: send a template instead
    public static let windowExpired = Self(rawValue: "window_expired")
    /// `invalid_reply_context`: check `reply_to`: it must be the `message_id` of an inbound message
    public static let invalidReplyContext = Self(rawValue: "invalid_reply_context")
    /// `phone_number_mismatch`: use the `from` of the inbound message as `to`
    public static let phoneNumberMismatch = Self(rawValue: "phone_number_mismatch")
    /// `missing_text`: give the message a text
    public static let missingText = Self(rawValue: "missing_text")
    /// `invalid_phone_number`: write the number in E.164 format, such as +33612345678
    public static let invalidPhoneNumber = Self(rawValue: "invalid_phone_number")
    /// `insufficient_balance`: top up the account's balance
    public static let insufficientBalance = Self(rawValue: "insufficient_balance")
    /// `missing_api_token`: give the API token: as an argument or in PRELUDE_API_TOKEN
    public static let missingAPIToken = Self(rawValue: "missing_api_token")
    /// `invalid_api_token`: check the API token in the dashboard
    public static let invalidAPIToken = Self(rawValue: "invalid_api_token")
    /// `invalid_api_key`: use an API token of the v2 API, not a v1 key
    public static let invalidAPIKey = Self(rawValue: "invalid_api_key")
    /// `unauthorized`: check the API token and what it is allowed to do
    public static let unauthorized = Self(rawValue: "unauthorized")
    /// `rate_limited`: wait for `retry_after`, then call again
    public static let rateLimited = Self(rawValue: "rate_limited")
    /// `invalid_request`: check the request against the API's documentation
    public static let invalidRequest = Self(rawValue: "invalid_request")
    /// `invalid_callback_url`: give `callback_url` an absolute URL that Prelude can reach
    public static let invalidCallbackURL = Self(rawValue: "invalid_callback_url")
    /// `invalid_correlation_id`: keep `correlation_id` to at most 80 characters
    public static let invalidCorrelationID = Self(rawValue: "invalid_correlation_id")
    /// `invalid_line_type`: this kind of line cannot receive the message: use another number
    public static let invalidLineType = Self(rawValue: "invalid_line_type")
    /// `internal`: Prelude failed: if it lasts, ask its support with the request id
    public static let `internal` = Self(rawValue: "internal")
    /// `unsupported_country`: Prelude does not send to this country
    public static let unsupportedCountry = Self(rawValue: "unsupported_country")
    /// `unsupported_region`: Prelude does not send to this region
    public static let unsupportedRegion = Self(rawValue: "unsupported_region")
    /// `suspended_account`: the account is suspended: contact Prelude
    public static let suspendedAccount = Self(rawValue: "suspended_account")
    /// `spending_limit_exceeded`: raise the account's spending limit
    public static let spendingLimitExceeded = Self(rawValue: "spending_limit_exceeded")
    /// `blocked_number`: the number is on the account's block list
    public static let blockedNumber = Self(rawValue: "blocked_number")
    /// `template_not_found`: check `template_id` in the dashboard
    public static let templateNotFound = Self(rawValue: "template_not_found")
    /// `invalid_template_id`: `template_id` must start with `template_`
    public static let invalidTemplateID = Self(rawValue: "invalid_template_id")
    /// `invalid_template_variables`: give exactly the variables that the template has
    public static let invalidTemplateVariables = Self(rawValue: "invalid_template_variables")
    /// `template_not_validated`: wait until WhatsApp has approved the template
    public static let templateNotValidated = Self(rawValue: "template_not_validated")
    /// `category_forbidden`: the account may not send templates of this category
    public static let categoryForbidden = Self(rawValue: "category_forbidden")
    /// `unsubscribed`: the user has opted out: do not write to them
    public static let unsubscribed = Self(rawValue: "unsubscribed")
    /// `expires_at_in_past`: choose a later `expires_at`
    public static let expiresAtInPast = Self(rawValue: "expires_at_in_past")
    /// `expires_at_too_far_in_future`: choose an earlier `expires_at`
    public static let expiresAtTooFarInFuture = Self(rawValue: "expires_at_too_far_in_future")
    /// `invalid_date_format`: write the date in RFC 3339, such as 2025-10-24T08:59:10Z
    public static let invalidDateFormat = Self(rawValue: "invalid_date_format")
    /// `invalid_locale`: write `locale` as a BCP 47 tag, such as fr-FR
    public static let invalidLocale = Self(rawValue: "invalid_locale")
    /// `invalid_sender_id`: use a sender that is registered for the account
    public static let invalidSenderID = Self(rawValue: "invalid_sender_id")
    /// `document_not_supported`: the template's header is not synced yet: send without `document`, or try again later
    public static let documentNotSupported = Self(rawValue: "document_not_supported")
    /// `batch_size_exceeded`: put fewer messages into one batch
    public static let batchSizeExceeded = Self(rawValue: "batch_size_exceeded")
    /// `empty_batch`: put at least one message into the batch
    public static let emptyBatch = Self(rawValue: "empty_batch")
    /// `channel_not_enabled_in_region`: the channel is not enabled in the user's region: choose another `preferred_channel`
    public static let channelNotEnabledInRegion = Self(rawValue: "channel_not_enabled_in_region")
    /// `redirected`: redirects are not followed: check the base URL
    public static let redirected = Self(rawValue: "redirected")
    /// `http_error`: the answer names no code: look at `status` and at the request id
    public static let httpError = Self(rawValue: "http_error")
    /// `connection_failed`: nothing was sent: check the network and the base URL, then call again
    public static let connectionFailed = Self(rawValue: "connection_failed")
    /// `tls_failed`: nothing was sent: check the server's certificate, the clock and the trusted roots
    public static let tlsFailed = Self(rawValue: "tls_failed")
    /// `timed_out`: nothing was sent before the deadline: call again
    public static let timedOut = Self(rawValue: "timed_out")
    /// `cancelled`: nothing was sent: the call was cancelled first
    public static let cancelled = Self(rawValue: "cancelled")
    /// `maybe_sent`: do not send it again: wait for a delivery event with the correlation id, or ask a person
    public static let maybeSent = Self(rawValue: "maybe_sent")
    /// `sent_unconfirmed`: it was accepted: do not send it again, delivery events tell the rest
    public static let sentUnconfirmed = Self(rawValue: "sent_unconfirmed")
    /// `signature_missing`: enable webhook signing in Prelude's dashboard, or ask for unverified events by name
    public static let signatureMissing = Self(rawValue: "signature_missing")
    /// `signature_invalid`: refuse the request; if it came from Prelude, check the key and that the body is raw
    public static let signatureInvalid = Self(rawValue: "signature_invalid")
    /// `event_unreadable`: keep the raw bytes and look at them: a redelivery will be the same
    public static let eventUnreadable = Self(rawValue: "event_unreadable")
    /// `configuration`: correct the option that the message names
    public static let configuration = Self(rawValue: "configuration")
    /// `store_unavailable`: nothing was run: check the inbox's store
    public static let storeUnavailable = Self(rawValue: "store_unavailable")
}

extension BackchatError.Code: CaseIterable {
    /// Every code that this version knows.
    public static let allCases: [Self] = [
        .windowExpired,
        .invalidReplyContext,
        .phoneNumberMismatch,
        .missingText,
        .invalidPhoneNumber,
        .insufficientBalance,
        .missingAPIToken,
        .invalidAPIToken,
        .invalidAPIKey,
        .unauthorized,
        .rateLimited,
        .invalidRequest,
        .invalidCallbackURL,
        .invalidCorrelationID,
        .invalidLineType,
        .internal,
        .unsupportedCountry,
        .unsupportedRegion,
        .suspendedAccount,
        .spendingLimitExceeded,
        .blockedNumber,
        .templateNotFound,
        .invalidTemplateID,
        .invalidTemplateVariables,
        .templateNotValidated,
        .categoryForbidden,
        .unsubscribed,
        .expiresAtInPast,
        .expiresAtTooFarInFuture,
        .invalidDateFormat,
        .invalidLocale,
        .invalidSenderID,
        .documentNotSupported,
        .batchSizeExceeded,
        .emptyBatch,
        .channelNotEnabledInRegion,
        .redirected,
        .httpError,
        .connectionFailed,
        .tlsFailed,
        .timedOut,
        .cancelled,
        .maybeSent,
        .sentUnconfirmed,
        .signatureMissing,
        .signatureInvalid,
        .eventUnreadable,
        .configuration,
        .storeUnavailable,
    ]
}
