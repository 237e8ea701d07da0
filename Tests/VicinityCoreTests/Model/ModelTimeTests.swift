// Dwell, cooldown, silence and validity, each sentence played on the stage of ModelStage.swift and worked out by hand.

import Testing

struct ModelTimeTests {
    @Test(arguments: [
        Scenario(
            "A dwell is complete at its instant, shown by a line",
            """
            rules enter_dwell=1000 |
            put s 0                |
            fix u 0 @5000          |
            fix u 0 @5999          |
            fix u 10 @6000         | enter user s u 6000
            """),
        Scenario(
            "... or by its timer, and the event is the same",
            """
            rules enter_dwell=1000 |
            put s 0                |
            fix u 0 @5000          |
            clock 999              |
            clock 1                | enter user s u 6000
            """),
        Scenario(
            "... or by the very fix that ends the condition",
            """
            rules enter_dwell=1000 |
            put s 0                |
            fix u 0 @5000          |
            fix u 700 @6000        | enter user s u 6000, leave user s u 6000
            """),
        Scenario(
            "... or by a fix of the other side; the cause is that of the beginning",
            """
            rules enter_dwell=1000 |
            put s 9000             |
            fix u 0 @5000          |
            move s 0 @5500         |
            fix u 1 @6000          |
            move s 9000 @6500      | enter subject s u 6500, leave subject s u 6500
            """),
        Scenario(
            "It must hold at every evaluation",
            """
            rules enter_dwell=1000 |
            put s 0                |
            fix u 0 @5000          |
            fix u 700 @5999        |
            fix u 0 @6000          |
            clock 999              |
            clock 1                | enter user s u 7000
            """),
        Scenario(
            "A leave dwells likewise; within the margin the condition has ended",
            """
            rules leave_dwell=1000 |
            put s 0                |
            fix u 0 @5000 acc=1    | enter user s u 5000
            fix u 700 @6000 acc=1  |
            fix u 520 @6500 acc=1  |
            fix u 700 @7000 acc=1  |
            clock 999              |
            clock 1                | leave user s u 8000
            """),
        Scenario(
            "Stale lines and errors show nothing, inaccurate ones do",
            """
            rules enter_dwell=1000 radius_interval=60000 |
            put s 0                  |
            fix u 0 @4000 radius=300 |
            fix u 0 @4100 radius=400 |
            fix u 900 @4200          |
            fix u 0 @5000            |
            fix u 0 @6000 radius=500 | error radius_too_soon
            fix u 0 @5000            | stale
            fix u 900 @6000 acc=500  | enter user s u 6000, inaccurate
            """),
        Scenario(
            "Held ones do, too",
            """
            rules enter_dwell=1000 max_speed=300 |
            put s 0                  |
            fix u 0 @5000            |
            fix u 9000 @6000         | enter user s u 6000
            """),
        Scenario(
            "And a sign-off, which does not dwell itself",
            """
            rules enter_dwell=1000 leave_dwell=1000 |
            put s 0                  |
            fix u 0 @5000            |
            gone u @6000             | enter user s u 6000, leave gone s u 6000
            """),
        Scenario(
            "Operators show nothing: the pair keeps its dwell while the condition holds",
            """
            rules enter_dwell=1000   |
            put s 0                  |
            fix u 0 @5000            |
            put s 300                |
            clock 1000               | enter user s u 6000
            """),
        Scenario(
            "... and loses it if not",
            """
            rules enter_dwell=1000   |
            put s 0                  |
            fix u 0 @5000            |
            put s 900                |
            put s 0                  |
            clock 999                |
            clock 1                  | enter subject s u 1001000
            """),
        Scenario(
            "A removal in the middle ends it",
            """
            rules enter_dwell=1000   |
            put s 0                  |
            fix u 0 @5000            |
            remove s                 |
            clock 1000               |
            fix u 0 @9000            |
            """),
        Scenario(
            "A begun dwell keeps its instant over a reload",
            """
            rules enter_dwell=1000   |
            put s 0                  |
            fix u 0 @5000            |
            rules enter_dwell=9000   |
            fix u 1 @5500            |
            rules enter_dwell=0      |
            fix u 2 @5600            |
            clock 1000               | enter user s u 6000
            """),
        Scenario(
            "What the enter says is as of the last evaluation before the instant",
            """
            rules enter_dwell=1000 bands=100/250/500 |
            put s 0                  |
            fix u 10 @5000           |
            fix u 300 @5500          |
            fix u 10 @6000           | enter user s u 6000 within 500
            """),
        Scenario(
            "The timer of what a held fix begins counts from the line that confirmed it",
            """
            rules enter_dwell=1000 max_speed=300 |
            put s 9000               |
            fix u 0 @1000            |
            fix u 9000 @2000         |
            fix u 9000 @2400         |
            clock 599                |
            clock 1                  | enter user s u 3000
            """),
        Scenario(
            "What is due at one reading comes by instants, not by when the timers were due",
            """
            rules enter_dwell=1000   |
            put s 0                  |
            fix u 0 @5000            |
            clock 100                |
            fix v 0 @4000            |
            clock 1000               | enter user s v 5000, enter user s u 6000
            """),
        Scenario(
            "What is due for a user brings with it what is earlier of that user",
            """
            rules enter_dwell=1000   |
            put s 0                  |
            put t 9000               |
            fix u 0 @5000            |
            clock 500                |
            move t 0 @4500           |
            clock 499                |
            clock 1                  | enter subject t u 5500, enter user s u 6000
            """),
        Scenario(
            "All dwells of one instant are one moment: leaves before enters",
            """
            rules enter_dwell=1000 leave_dwell=1000 |
            put b 0                  |
            put a 900                |
            fix u 0 @5000            |
            clock 1000               | enter user b u 6000
            fix u 900 @7000          |
            clock 1000               | leave user b u 8000, enter user a u 8000
            """),
    ])
    func dwells(scenario: Scenario) throws {
        let got = try scenario.play()
        #expect(got == scenario.transcript)
    }

    @Test(arguments: [
        Scenario(
            "After a leave a pair stays outside, and is evaluated anew at the instant, shown by a line",
            """
            rules cooldown=1000      |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            fix u 700 @6000          | leave user s u 6000
            fix u 0 @6500            |
            fix u 0 @6999            |
            fix u 700 @7000          | enter user s u 7000, leave user s u 7000
            fix u 0 @7999            |
            move s 0 @8000           | enter user s u 8000
            """),
        Scenario(
            "... or by a timer",
            """
            rules cooldown=1000      |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            fix u 700 @6000          | leave user s u 6000
            fix u 0 @6500            |
            clock 999                |
            clock 1                  | enter user s u 7000
            """),
        Scenario(
            "The evaluation may begin a dwell, whose timer counts from when the cooldown's was due",
            """
            rules cooldown=1000 enter_dwell=500 |
            put s 0                  |
            fix u 0 @5000            |
            clock 500                | enter user s u 5500
            fix u 700 @6000          | leave user s u 6000
            fix u 0 @6500            |
            clock 1200               |
            clock 299                |
            clock 1                  | enter user s u 7500
            """),
        Scenario(
            "A line may show both",
            """
            rules cooldown=1000 enter_dwell=500 |
            put s 0                  |
            fix u 0 @5000            |
            fix u 0 @5500            | enter user s u 5500
            fix u 700 @6000          | leave user s u 6000
            fix u 0 @6500            |
            fix u 700 @7500          | enter user s u 7500, leave user s u 7500
            """),
        Scenario(
            "A dwelt leave is followed by a cooldown from its instant",
            """
            rules cooldown=1000 leave_dwell=500 |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            fix u 700 @6000          |
            fix u 0 @6900            | leave user s u 6500
            clock 599                |
            clock 1                  | enter user s u 7500
            """),
        Scenario(
            "Operators do not end it; a reload leaves it its instant",
            """
            rules cooldown=1000      |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            put s 900                | leave subject s u 1000000
            rules cooldown=0         |
            put s 0                  |
            clock 999                |
            clock 1                  | enter user s u 1001000
            """),
        Scenario(
            "There is none after a removal",
            """
            rules cooldown=1000      |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            remove s                 | leave removed s u 1000000
            put s 0                  | enter subject s u 1000000
            """),
        Scenario(
            "It ends with a sign-off",
            """
            rules cooldown=1000      |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            fix u 700 @6000          | leave user s u 6000
            gone u @6001             |
            fix u 0 @6002            | enter user s u 6002
            """),
        Scenario(
            "... and with the removal of the subject",
            """
            rules cooldown=1000      |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            fix u 700 @6000          | leave user s u 6000
            remove s                 |
            put s 0                  |
            fix u 0 @6002            | enter user s u 6002
            """),
        Scenario(
            "It survives silence",
            """
            rules cooldown=5000 expire_after=2000 |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            fix u 700 @6000          | leave user s u 6000
            clock 2000               |
            fix u 0 @10000           |
            clock 3000               | enter user s u 11000, leave expired s u 12000
            """),
        Scenario(
            "... and times in which the subject is not active; then there is nothing to evaluate",
            """
            rules cooldown=5000      |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            fix u 700 @6000          | leave user s u 6000
            put s 0 until=1000000    |
            put s 0                  |
            fix u 0 @7000            |
            put s 0 until=1000000    |
            fix u 0 @11000           |
            put s 0                  | enter subject s u 1000000
            """),
        Scenario(
            "At one instant dwells come first, then expiries, then cooldowns",
            """
            rules cooldown=2000 enter_dwell=1000 expire_after=1000 |
            put s 0                  |
            put t 700                |
            fix u 0 @5000            |
            fix u 0 @5999            |
            fix u 700 @6000          | enter user s u 6000, leave user s u 6000
            fix u 700 @7000          | enter user t u 7000, leave expired t u 7000
            clock 1000               | enter user t u 8000, leave expired t u 8000
            """),
    ])
    func cooldowns(scenario: Scenario) throws {
        let got = try scenario.play()
        #expect(got == scenario.transcript)
    }

    @Test(arguments: [
        Scenario(
            "Silence by the clock is dated by what was last heard",
            """
            rules expire_after=1000  |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            clock 999                |
            clock 1                  | leave expired s u 6000
            fix u 0 @5000            | stale
            fix u 0 @5500            | enter user s u 5500
            """),
        Scenario(
            "... and so is silence by the next fix; at the instant itself a sender is silent",
            """
            rules expire_after=1000  |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            fix u 0 @5999            |
            fix u 0 @6999            | leave expired s u 6999, enter user s u 6999
            """),
        Scenario(
            "Whose inaccurate fix comes is heard of",
            """
            rules expire_after=1000  |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            clock 600                |
            fix u 0 @5600 acc=500    | inaccurate
            clock 999                |
            clock 1                  | leave expired s u 6600
            """),
        Scenario(
            "... and whose fix is held; the held one is dropped with the silence, but its ts stays",
            """
            rules expire_after=1000 max_speed=300 |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            clock 600                |
            fix u 9000 @5600         |
            clock 1000               | leave expired s u 6600, implausible
            fix u 9000 @5600         | stale
            fix u 0 @5601            | enter user s u 5601
            """),
        Scenario(
            "What is no later than the last is no news",
            """
            rules expire_after=1000  |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            fix u 0 @5900 acc=500    | inaccurate
            clock 500                |
            fix u 0 @5800            |
            clock 500                | leave expired s u 6900
            """),
        Scenario(
            "An inaccurate fix of somebody without a position changes nothing",
            """
            rules expire_after=1000  |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            fix u 0 @7000 acc=500    | leave expired s u 6000, inaccurate
            clock 5000               |
            fix u 0 @5500            | enter user s u 5500
            """),
        Scenario(
            "A sign-off may show silence",
            """
            rules expire_after=1000  |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            gone u @9000             | leave expired s u 6000
            """),
        Scenario(
            "Dwells of a silent user are forgotten",
            """
            rules expire_after=1000 enter_dwell=1500 |
            put s 0                  |
            fix u 0 @5000            |
            clock 1000               |
            clock 500                |
            fix u 0 @6600            |
            fix u 0 @7500            |
            fix u 0 @8100            | enter user s u 8100
            """),
        Scenario(
            "The radius of a silent user stays for a while",
            """
            rules expire_after=1000 forget_after=2000 |
            put s 0                  |
            fix u 400 @5000 radius=300 |
            clock 1500               |
            clock 1999               |
            fix u 400 @9000          |
            """),
        Scenario(
            "... and then is forgotten with the last ts, from when the silence was shown",
            """
            rules expire_after=1000 forget_after=2000 |
            put s 0                  |
            fix u 400 @5000 radius=300 |
            clock 1500               |
            clock 2000               |
            fix u 400 @4000          | enter user s u 4000
            """),
        Scenario(
            "A step of the system clock neither expires anybody nor keeps anybody alive",
            """
            rules expire_after=1000  |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            jump 100000000           |
            jump -100000500          |
            clock 1000               | leave expired s u 6000
            """),
        Scenario(
            "The span is that in force now",
            """
            rules expire_after=1000  |
            put s 0                  |
            fix u 0 @5000            | enter user s u 5000
            clock 600                |
            rules expire_after=500   | leave expired s u 5500
            """),
        Scenario(
            "A silent moving subject is inactive until its next accepted fix",
            """
            rules expire_after=1000  |
            put s 9000               |
            fix u 0 @5000            |
            move s 0 @5100           | enter subject s u 5100
            clock 500                |
            fix u 0 @5500            |
            clock 500                | leave expired s u 6100
            fix u 0 @6000            |
            move s 0 @6200 acc=500   | inaccurate
            move s 0 @5100           | stale
            move s 0 @6150           | enter subject s u 6150
            """),
        Scenario(
            "... or until a put elsewhere, which makes it a fixed one",
            """
            rules expire_after=1000  |
            put s 9000               |
            move s 0 @5100           |
            clock 1000               |
            fix u 0 @6000            |
            put s 9000               |
            put s 1                  | enter subject s u 1001000
            clock 999                |
            fix u 0 @6001            |
            clock 999                |
            """),
        Scenario(
            "Silence of user and subject at one instant is one leave",
            """
            rules expire_after=1000  |
            put s 9000               |
            fix u 0 @5000            |
            move s 0 @5000           | enter subject s u 5000
            clock 1000               | leave expired s u 6000
            """),
        Scenario(
            "A subject's line shows its own silence, but not the user's",
            """
            rules expire_after=1000  |
            put s 9000               |
            put t 0                  |
            fix u 0 @5000            | enter user t u 5000
            move s 0 @5500           | enter subject s u 5500
            move s 0 @6400           |
            move s 0 @7400           | leave expired s u 7400, enter subject s u 7400
            fix u 0 @7500            | leave expired s u 6000, leave expired t u 6000, enter user s u 7500, enter user t u 7500
            """),
    ])
    func silence(scenario: Scenario) throws {
        let got = try scenario.play()
        #expect(got == scenario.transcript)
    }

    @Test(arguments: [
        Scenario(
            "A subject is active from valid_from (inclusive) to valid_until (exclusive)",
            """
            put s 0 from=1005000 until=1010000 |
            fix u 0 @5000            |
            clock 4999               |
            clock 1                  | enter subject s u 1005000
            clock 4999               |
            clock 1                  | leave removed s u 1010000
            fix u 0 @6000            |
            """),
        Scenario(
            "What a put changes about it is dated by the clock",
            """
            fix u 0 @5000            |
            put s 0 until=1000000    |
            put s 0 from=1000000     | enter subject s u 1000000
            clock 10                 |
            put s 0 from=1000011     | leave removed s u 1000010
            clock 1                  | enter subject s u 1000011
            put s 0 from=1000011 until=1000005 | leave removed s u 1000011
            """),
        Scenario(
            "All that one reading of the clock shows comes by instants",
            """
            fix u 0 @5000            |
            put a 0 from=1000100 until=1000300 |
            put b 0 from=1000200 until=1000400 |
            put c 0 from=1000300     |
            jump 1000 | enter subject a u 1000100, enter subject b u 1000200, leave removed a u 1000300, enter subject c u 1000300, \
            leave removed b u 1000400
            """),
        Scenario(
            "What has begun does not begin again if the clock steps back, nor ends twice",
            """
            fix u 0 @5000            |
            put s 0 from=1000100 until=1000200 |
            clock 100                | enter subject s u 1000100
            jump -50                 |
            jump 50                  |
            jump 100                 | leave removed s u 1000200
            jump -100                |
            jump 100                 |
            """),
        Scenario(
            "Fixes move an inactive subject, and no pair",
            """
            fix u 0 @5000            |
            put s 9000 from=1001000  |
            move s 0 @5000           |
            clock 1000               | enter subject s u 1001000
            """),
        Scenario(
            "Its beginning may begin a dwell, which the end ends",
            """
            rules enter_dwell=1000   |
            fix u 0 @5000            |
            put s 0 from=1001000 until=1001999 |
            put t 0 from=1001000     |
            clock 1500               |
            clock 499                |
            clock 1                  | enter subject t u 1002000
            """),
        Scenario(
            "Validity comes before the timers",
            """
            rules expire_after=1000  |
            put s 0 until=1000900    |
            fix u 0 @5000            | enter user s u 5000
            clock 1000               | leave removed s u 1000900
            """),
    ])
    func validity(scenario: Scenario) throws {
        let got = try scenario.play()
        #expect(got == scenario.transcript)
    }

    @Test(arguments: [
        Scenario(
            "Who is inside leaves at once, and cools down",
            """
            rules cooldown=1000 leave_dwell=5000 |
            fix u 0 @5000            |
            put s 0                  | enter subject s u 1000000
            suspend s operator       | leave suspended s u 1000000
            resume s operator        |
            clock 999                |
            clock 1                  | enter user s u 1001000
            """),
        Scenario(
            "A dwell ends with the suspension, and begins anew",
            """
            rules enter_dwell=1000   |
            put s 0                  |
            fix u 0 @5000            |
            suspend s operator       |
            clock 1000               |
            resume s operator        |
            clock 1000               | enter subject s u 1002000
            """),
        Scenario(
            "Each source has a say of its own",
            """
            fix u 0 @5000            |
            put s 0                  | enter subject s u 1000000
            suspend s operator       | leave suspended s u 1000000
            suspend s dispute        |
            resume s operator        |
            resume s operator        |
            resume s dispute         | enter subject s u 1000000
            """),
        Scenario(
            "It belongs to the id, whatever the register has",
            """
            fix u 0 @5000            |
            suspend s operator       |
            put s 0                  |
            put s 10                 |
            remove s                 |
            put s 0                  |
            resume s operator        | enter subject s u 1000000
            """),
        Scenario(
            "A suspended subject moves, and no pair",
            """
            fix u 0 @5000            |
            put s 9000               |
            suspend s operator       |
            move s 0 @6000           |
            resume s operator        | enter subject s u 1000000
            """),
        Scenario(
            "Its validity goes on meanwhile",
            """
            fix u 0 @5000            |
            put s 0 until=1000100    | enter subject s u 1000000
            suspend s operator       | leave suspended s u 1000000
            clock 100                |
            resume s operator        |
            """),
    ])
    func suspension(scenario: Scenario) throws {
        let got = try scenario.play()
        #expect(got == scenario.transcript)
    }
}
