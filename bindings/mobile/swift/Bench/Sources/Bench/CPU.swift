import Foundation

/// What all threads of this process have used so far.
func cpuMicroseconds() -> Double {
    var used = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
    return Double(used.tv_sec) * 1e6 + Double(used.tv_nsec) / 1e3
}
