import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// The HTTP of the tests themselves: controls of the fault server and of the sandbox.
struct HTTP: Sendable {
    let base: URL

    @discardableResult
    func ask(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> JSON {
        var request = URLRequest(url: URL(string: base.absoluteString + path)!)
        request.httpMethod = method
        request.timeoutInterval = 30
        if let body {
            // The ports refuse a body that is not marked as JSON.
            request.setValue("application/json", forHTTPHeaderField: "content-type")
            request.httpBody = try body.data()
        }
        let (data, response) = try await URLSession.shared.data(for: request)
        let status = (response as! HTTPURLResponse).statusCode
        guard status < 300 else {
            throw Mismatch("\(method) \(path): \(status) \(String(decoding: data, as: UTF8.self))")
        }
        return data.isEmpty ? .null : try JSON.read(data)
    }
}
