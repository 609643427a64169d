import Foundation

/// A program of this repository that serves until its input ends or it is stopped.
final class Program: @unchecked Sendable {
    /// What it prints first, when it is ready.
    let firstLine: String
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    /// Starts it on a thread of its own: waiting for it must not take one of the few that all tests share.
    static func start(
        _ variable: String, _ arguments: [String], environment: [String: String]? = nil
    ) async throws -> Program {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try Program(variable, arguments, environment: environment)
                    })
            }
        }
    }

    /// `variable` names the environment variable with the program's path.
    private init(_ variable: String, _ arguments: [String], environment: [String: String]? = nil) throws {
        guard let path = ProcessInfo.processInfo.environment[variable] else {
            throw Mismatch("\(variable) is not set: run `cargo xtask test swift`")
        }
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        if let environment { process.environment = environment }
        try process.run()
        var line = Data()
        let reading = output.fileHandleForReading
        while let byte = try reading.read(upToCount: 1), !byte.isEmpty, byte[0] != UInt8(ascii: "\n") {
            line += byte
        }
        firstLine = String(decoding: line, as: UTF8.self)
        guard !firstLine.isEmpty else { throw Mismatch("\(path) \(arguments) does not start") }
    }

    deinit {
        try? input.fileHandleForWriting.close()
        // Threads of the test runner block the politer signals, and a child inherits that.
        kill(process.processIdentifier, SIGKILL)
        Thread.detachNewThread { [process] in process.waitUntilExit() }
    }
}
