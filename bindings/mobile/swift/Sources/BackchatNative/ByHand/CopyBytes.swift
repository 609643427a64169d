import Foundation

/// What the generated code calls for every number and every string that it reads. Without these it gets
/// `DataProtocol`'s, which do not know what a `Data` is: an event then takes more than twice as long.
extension Data {
    func copyBytes(to target: UnsafeMutableRawBufferPointer, from range: Range<Index>) {
        withUnsafeBytes { bytes in
            let offset = range.lowerBound - startIndex
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + range.count]))
        }
    }

    func copyBytes(to target: UnsafeMutableBufferPointer<UInt8>, from range: Range<Index>) {
        copyBytes(to: UnsafeMutableRawBufferPointer(target), from: range)
    }
}
