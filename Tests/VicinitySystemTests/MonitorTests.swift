import CLinux
import Foundation
import Testing

@testable import VicinitySystem

struct MonitorTests {
    @Test func aWaitEndsAtItsDeadlineWithoutAResult() {
        let monitor = Monitor(0)
        let result: Int? = monitor.wait(until: vicinity_monotonic_nanoseconds() - 1) { $0 > 0 ? $0 : nil }
        #expect(result == nil)
        #expect(monitor.wait(until: 0) { $0 == 0 ? "now" : nil } == "now")
    }

    /// Every number that one thread puts comes out at the other, in order, through a queue of one.
    @Test func twoThreadsHandNumbersOver() {
        let slot = Monitor<Int?>(nil)
        let producer = Thread {
            for number in 1...2000 {
                _ = slot.wait { slot -> Bool? in
                    guard slot == nil else { return nil }
                    slot = number
                    return true
                }
                slot.broadcast()
            }
        }
        producer.start()
        var received: [Int] = []
        while received.count < 2000 {
            let number: Int? = slot.wait { slot in
                defer { slot = nil }
                return slot
            }
            slot.broadcast()
            if let number { received.append(number) }
        }
        #expect(received == Array(1...2000))
    }

    @Test func clocksRun() {
        let monotonic = vicinity_monotonic_nanoseconds()
        let cpu = vicinity_thread_cpu_nanoseconds()
        var sum: UInt64 = 0
        for number in 0..<100_000 as Range<UInt64> { sum = sum &* 31 &+ number }
        #expect(sum != 0)
        #expect(vicinity_monotonic_nanoseconds() > monotonic)
        #expect(vicinity_thread_cpu_nanoseconds() > cpu)
        #expect(vicinity_process_cpu_nanoseconds() >= vicinity_thread_cpu_nanoseconds())
        #expect(vicinity_unix_milliseconds() > 1_700_000_000_000)
        #expect(vicinity_set_thread_name("a name that is longer than fifteen bytes") == 0)
    }
}
