/// Every setting of the daemon, typed and in range.
///
/// The initial values are the documented defaults, those of the profile `people`. Names, ranges and texts are in
/// ``ConfigurationKey/all``, and nowhere else.
package struct Configuration: Sendable, Equatable {
    package var halo = Halo()
    package var fixes = Fixes()
    package var delivery = Delivery()
    package var durability = Durability.process
    package var privacy = Privacy()
    package var reports = Reports()
    package var access = Access()
    package var limits = Limits()
    package var health = Health()
    package var logLevel = LogLevel.info

    package init() {}

    /// The defaults where `privacy.profile` is `profile`.
    package static func defaults(for profile: Privacy.Profile) -> Configuration {
        var configuration = Configuration()
        configuration.privacy = Privacy(profile: profile)
        return configuration
    }
}

extension Configuration {
    package struct Halo: Sendable, Equatable {
        /// Metres, as are the next two; `minimumRadius` ≤ `radius` ≤ `maximumRadius`.
        package var radius = 500.0
        package var minimumRadius = 50.0
        package var maximumRadius = 50_000.0
        package var radiusInterval = TimeSpan.minutes(1)
        /// Metres.
        package var leaveMargin = 50.0
        package var enterDwell = TimeSpan.zero
        package var leaveDwell = TimeSpan.zero
        package var cooldown = TimeSpan.zero
    }

    package struct Fixes: Sendable, Equatable {
        package var maximumFuture = TimeSpan.seconds(10)
        /// Metres, as are the next two.
        package var maximumAccuracy = 200.0
        package var assumedAccuracy = 30.0
        /// 0: accuracy plays no part in pairs.
        package var accuracyCap = 100.0
        /// Metres a second; 0 is any.
        package var maximumSpeed = 300.0
        /// 0 is never.
        package var expireAfter = TimeSpan.minutes(15)
        package var forgetAfter = TimeSpan.days(1)
    }

    package struct Delivery: Sendable, Equatable {
        package var commitInterval = TimeSpan.milliseconds(5)
        /// 0 is none.
        package var heartbeat = TimeSpan.seconds(15)
        package var retention = TimeSpan.days(7)
        package var retentionEvents = 50_000_000
    }

    package enum Durability: String, Sendable, CaseIterable {
        /// What is durable survives a crash of the daemon.
        case process
        /// What is durable survives a crash of the machine too.
        case power
    }

    package struct Reports: Sendable, Equatable {
        package var kinds = ["tip", "dispute"]
        package var suspendOn = ["dispute"]
        /// Different users.
        package var suspendAfter = 1
        package var perUser = Limit.limited(count: 5, within: .days(1))
    }

    package struct Limits: Sendable, Equatable {
        /// Of ingest and events together.
        package var connections = 1024
    }

    /// When the daemon calls itself degraded, apart from what does not work at all.
    package struct Health: Sendable, Equatable {
        /// Events that a named subscriber may be behind; 0 is any.
        package var subscriberLag = 1_000_000
        /// MiB that must be free for the log; 0 is any.
        package var diskFree = 1024
        /// The longest that a commit may take; 0 is any.
        package var commitTime = TimeSpan.seconds(1)
    }

    /// From the most talkative to the most silent, by the names of swift-log.
    package enum LogLevel: String, Sendable, CaseIterable {
        case trace
        case debug
        case info
        case notice
        case warning
        case error
        case critical
    }
}

// MARK: - Privacy

extension Configuration {
    package struct Privacy: Sendable, Equatable {
        package var profile: Profile
        /// Metres, 0 to 100,000: the side of the cells in which subjects that bring no precision are shown; 0 is exactly.
        package var precision: Double
        package var distance = DistanceForm.band
        /// Metres, ascending.
        package var bands = [100.0, 250, 500]
        package var disclose: [String] = []
        package var detailsGrace = TimeSpan.minutes(5)
        package var detailsPerUser: Limit
        /// nil: nobody is watched for following.
        package var follow: FollowGuard?
        package var auditRetention = TimeSpan.days(365)
        package var subjectsPerUser: Limit
        /// The fewest users in a cell of the map that are told of; 0: none are, however many.
        package var mapFloor = 10

        /// The defaults of a profile.
        package init(profile: Profile = .people) {
            self.profile = profile
            switch profile {
            case .people:
                precision = 200
                detailsPerUser = .limited(count: 20, within: .hours(1))
                follow = FollowGuard()
                subjectsPerUser = .limited(count: 200, within: .days(1))
            case .places:
                precision = 0
                detailsPerUser = .unlimited
                follow = nil
                subjectsPerUser = .unlimited
            }
        }

        /// What the register is about: which bundle of defaults this section has.
        package enum Profile: String, Sendable, CaseIterable {
            case people
            case places
        }

        /// What an enter event says of the distance.
        package enum DistanceForm: String, Sendable, CaseIterable {
            case band
            case exact
            case none
        }
    }

    /// When a user counts as following a moving subject, and what comes of it.
    package struct FollowGuard: Sendable, Equatable {
        /// 1 to 100.
        package var places: Int
        /// Metres.
        package var apart: Double
        package var within: TimeSpan
        package var mute: TimeSpan

        package init(
            places: Int = 3, apart: Double = 500, within: TimeSpan = .hours(1), mute: TimeSpan = .days(1)
        ) {
            self.places = places
            self.apart = apart
            self.within = within
            self.mute = mute
        }
    }
}

// MARK: - Access

extension Configuration {
    package struct Access: Sendable, Equatable {
        package var ingest = Principals(groups: [.name("vicinity-gateway")])
        package var events = Principals(groups: [.name("vicinity-relay")])
        package var control = Control()

        package struct Control: Sendable, Equatable {
            package var observer = Principals(groups: [.name("vicinity-observer")])
            package var relay = Principals(groups: [.name("vicinity-relay")])
            package var admin = Principals(groups: [.name("vicinity-admin")])
        }
    }

    /// Users and groups of the system; a peer that is one of them, or in one of them, has the role.
    package struct Principals: Sendable, Equatable {
        package var users: [Principal]
        package var groups: [Principal]

        package init(users: [Principal] = [], groups: [Principal] = []) {
            self.users = users
            self.groups = groups
        }
    }

    package enum Principal: Sendable, Hashable {
        case name(String)
        /// 0 to 2^32 − 2; the last number means *nobody* to the kernel.
        case number(UInt32)
    }
}
