import Foundation

extension Data {
    /// What the generated code calls for every number that it reads. Without this one it gets
    /// `DataProtocol`'s, which does not know what `Data` is: an event then takes twice as long.
    func copyBytes(to target: UnsafeMutableRawBufferPointer, from range: Range<Index>) {
        withUnsafeBytes { bytes in
            let offset = range.lowerBound - startIndex
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + range.count]))
        }
    }
}
