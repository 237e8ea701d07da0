// What the operator has chosen to see. A key changes it; the daemon does not.

package struct TopView: Equatable, Sendable {
    package enum Table: Equatable, Sendable {
        case gateways
        case subscribers
    }

    package enum GatewayOrder: CaseIterable, Equatable, Sendable {
        case age
        case lines
        case id
        case process
    }

    package enum SubscriberOrder: CaseIterable, Equatable, Sendable {
        case lag
        case name
        case state
    }

    /// How one table is looked at.
    package struct Look<Order: CaseIterable & Equatable & Sendable>: Equatable, Sendable {
        package var order: Order
        /// Numbers come with the greatest first, words in the order of the alphabet, unless this is set.
        package var isReversed = false
        /// The row on top, from 0.
        package var first = 0

        package init(_ order: Order) { self.order = order }

        fileprivate mutating func goOn() {
            let all = Array(Order.allCases)
            let next = (all.firstIndex(of: order) ?? -1) + 1
            order = all[next % all.count]
            (isReversed, first) = (false, 0)
        }

        fileprivate mutating func reverse() { (isReversed, first) = (!isReversed, 0) }

        /// Moves, but not beyond an end.
        fileprivate mutating func scroll(by rows: Int, in room: Room) {
            first = min(max(0, min(first, room.last) + rows), room.last)
        }
    }

    /// What there is to scroll through.
    package struct Room: Equatable, Sendable {
        /// Rows that the table has.
        package var count: Int
        /// Rows that are on the screen.
        package var shown: Int

        package init(count: Int, shown: Int) {
            self.count = count
            self.shown = shown
        }

        /// The greatest row that may be on top.
        var last: Int { max(0, count - shown) }
    }

    package var gateways = Look(GatewayOrder.age)
    package var subscribers = Look(SubscriberOrder.lag)
    /// The table that the keys are for.
    package var focus = Table.gateways
    package var isPaused = false
    package var showsHelp = false

    package init() {}

    /// Does what a key says; those that are not about what is seen change nothing.
    ///
    /// - Parameter room: of the table that has the focus.
    package mutating func take(_ key: TopKey, in room: Room) {
        if showsHelp {
            showsHelp = false
            return
        }
        switch key {
        case .help: showsHelp = true
        case .pause: isPaused.toggle()
        case .gateways where focus != .gateways: focus = .gateways
        case .gateways: gateways.goOn()
        case .subscribers where focus != .subscribers: focus = .subscribers
        case .subscribers: subscribers.goOn()
        case .otherTable: focus = focus == .gateways ? .subscribers : .gateways
        case .reverse: if focus == .gateways { gateways.reverse() } else { subscribers.reverse() }
        case .up: scroll(by: -1, in: room)
        case .down: scroll(by: 1, in: room)
        case .pageUp: scroll(by: -max(1, room.shown), in: room)
        case .pageDown: scroll(by: max(1, room.shown), in: room)
        case .first: scroll(by: -room.count, in: room)
        case .last: scroll(by: room.count, in: room)
        case .quit, .suspend, .other: break
        }
    }

    private mutating func scroll(by rows: Int, in room: Room) {
        if focus == .gateways { gateways.scroll(by: rows, in: room) } else { subscribers.scroll(by: rows, in: room) }
    }
}
