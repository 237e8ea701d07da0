import Testing

@testable import VicinityClient

@Suite struct AttendanceTests {
    private let cut = ClientFault.lost(socket: "s", why: "it was cut")
    private var patience: Int64 { Int64(ControlClient.patience) }

    @Test func awayIsCountedFromTheFirstFault() {
        var attendance = Attendance(socketDirectory: "/run", next: 100)
        #expect(attendance.trouble(askedAt: nil, now: 100) == nil)
        attendance.lost(cut, now: 100)
        attendance.lost(cut, now: 1_200)
        #expect(attendance.next > 1_200, "it is tried again, but not at once")
        #expect(attendance.trouble(askedAt: nil, now: 1_500) == .away(1_400, cut))
        attendance.answered()
        #expect(attendance.trouble(askedAt: nil, now: 1_600) == nil)
    }

    @Test func anAnswerMayTakeAWhile() throws {
        let attendance = Attendance(socketDirectory: "/run", next: 0)
        #expect(attendance.trouble(askedAt: 0, now: 1_999) == nil)
        #expect(attendance.trouble(askedAt: 0, now: 2_000) == .silent(2_000))
        try attendance.expect(askedAt: nil, now: .max)
        try attendance.expect(askedAt: 7, now: 6 + patience)
        #expect(throws: ClientFault.lost(socket: "/run/control.sock", why: "no answer within 1 min 0 s")) {
            try attendance.expect(askedAt: 7, now: 7 + patience)
        }
    }
}
