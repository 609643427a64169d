// SwiftPM wants a source file; what is declared in `include` is in the library.
