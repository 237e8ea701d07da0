import Glibc

/// Threads that do the parts of a step, one each; the caller's own does the first.
///
/// Sound as `Sendable`, since what changes is written before the threads are woken and read between that and their answer.
final class ThreadCrew: @unchecked Sendable {
    private var work: (@Sendable (Int) -> Void)?
    private var threads: [pthread_t] = []
    private let starts: [Semaphore]
    private let done = Semaphore()
    /// Processor time of the last run's parts, in seconds; each is written by its own thread.
    private let parts: UnsafeMutableBufferPointer<Double>
    /// That of the longest part of each run, added up: what it would take if every thread had a core to itself, however busy the machine is.
    private(set) var longest = 0.0
    /// Processor time of the caller in ``run(_:_:)``, in seconds.
    private(set) var callers = 0.0

    init(count: Int) {
        starts = (1..<max(1, count)).map { _ in Semaphore() }
        parts = .allocate(capacity: max(1, count))
        parts.initialize(repeating: 0)
        for index in starts.indices {
            let order = Unmanaged.passRetained(Order(crew: self, index: index))
            var thread = pthread_t()
            let status = pthread_create(
                &thread, nil,
                { raw in
                    guard let raw else { return nil }
                    let order = Unmanaged<Order>.fromOpaque(raw).takeRetainedValue()
                    order.crew.serve(order.index)
                    return nil
                }, order.toOpaque())
            precondition(status == 0, "a thread can be started")
            threads.append(thread)
        }
    }

    deinit { parts.deallocate() }

    /// What a thread is told when it begins.
    private final class Order {
        let crew: ThreadCrew
        let index: Int

        init(crew: ThreadCrew, index: Int) {
            self.crew = crew
            self.index = index
        }
    }

    /// Does a part for each number below `count`, which is the number of threads.
    func run(_ count: Int, _ work: @Sendable (Int) -> Void) {
        precondition(count == starts.count + 1, "there is a thread for each part")
        let start = threadSeconds()
        withoutActuallyEscaping(work) { work in
            self.work = work
            for start in starts { start.post() }
            _ = doPart(0)
            for _ in starts { done.wait() }
            self.work = nil
        }
        longest += parts.max() ?? 0
        callers += threadSeconds() - start
    }

    /// Begins to count anew.
    func resetTimes() {
        longest = 0
        callers = 0
    }

    /// Lets the threads end, and waits for that.
    func dismiss() {
        for start in starts { start.post() }
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }

    private func serve(_ index: Int) {
        while true {
            starts[index].wait()
            guard doPart(index + 1) else { return }
            done.post()
        }
    }

    /// By itself, so that nothing of the work is kept once it is said to be done.
    ///
    /// - Returns: whether there was work.
    private func doPart(_ index: Int) -> Bool {
        guard let work else { return false }
        let start = threadSeconds()
        work(index)
        parts[index] = threadSeconds() - start
        return true
    }
}

/// A POSIX semaphore, which must stay where it is.
private final class Semaphore {
    private let raw: UnsafeMutablePointer<sem_t>

    init() {
        raw = .allocate(capacity: 1)
        sem_init(raw, 0, 0)
    }

    deinit {
        sem_destroy(raw)
        raw.deallocate()
    }

    func post() { sem_post(raw) }
    func wait() { while sem_wait(raw) != 0 {} }
}

/// Processor time of this thread so far, in seconds.
func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
