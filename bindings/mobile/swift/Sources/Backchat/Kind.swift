extension BackchatError {
    /// What several codes have in common. Other languages have a class of this name. More may come.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The class's name in every language, such as `WindowExpiredError`.
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }
    }
}

extension BackchatError.Kind {
    /// The 24-hour window has closed.
    public static let windowExpired = Self(rawValue: "WindowExpiredError")
    /// The inbound message is not known.
    public static let invalidReplyContext = Self(rawValue: "InvalidReplyContextError")
    /// `to` is not the sender of the inbound message.
    public static let phoneNumberMismatch = Self(rawValue: "PhoneNumberMismatchError")
    /// The text is empty.
    public static let missingText = Self(rawValue: "MissingTextError")
    /// `to` is not E.164.
    public static let invalidPhoneNumber = Self(rawValue: "InvalidPhoneNumberError")
    /// The account's balance is too low.
    public static let insufficientBalance = Self(rawValue: "InsufficientBalanceError")
    /// The token is missing, wrong, or not allowed.
    public static let authentication = Self(rawValue: "AuthenticationError")
    /// Status 429: too many requests.
    public static let rateLimit = Self(rawValue: "RateLimitError")
    /// Every other refusal of the API.
    public static let api = Self(rawValue: "ApiError")
    /// Provably nothing was sent.
    public static let notSent = Self(rawValue: "NotSentError")
    /// Nobody can know whether the message was sent.
    public static let maybeSent = Self(rawValue: "MaybeSentError")
    /// The message was sent, but the answer could not be read.
    public static let sentUnconfirmed = Self(rawValue: "SentUnconfirmedError")
    /// A webhook is not from Prelude, or cannot be shown to be.
    public static let signatureVerification = Self(rawValue: "SignatureVerificationError")
    /// A webhook's body is not an event.
    public static let unreadableEvent = Self(rawValue: "UnreadableEventError")
    /// An option is wrong.
    public static let configuration = Self(rawValue: "ConfigurationError")
    /// The inbox's store cannot be reached.
    public static let store = Self(rawValue: "StoreError")
}

extension BackchatError.Kind: CaseIterable {
    /// Every kind that this version knows.
    public static let allCases: [Self] = [
        .windowExpired,
        .invalidReplyContext,
        .phoneNumberMismatch,
        .missingText,
        .invalidPhoneNumber,
        .insufficientBalance,
        .authentication,
        .rateLimit,
        .api,
        .notSent,
        .maybeSent,
        .sentUnconfirmed,
        .signatureVerification,
        .unreadableEvent,
        .configuration,
        .store,
    ]
}
