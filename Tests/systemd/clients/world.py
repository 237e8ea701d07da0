"""What gateways send and what must come of it, both known before anything is sent.

The users of a gateway step in turn out of and into the halo's reach of its subject, so that from the second step on each good line causes one
event: an enter at the odd steps, a leave at the even ones. Now and then there is a line that is none, which must be answered by an error with
its number.
"""

import json
import zlib

FIRST_TS = 1732290000000
MILLISECONDS_PER_STEP = 10_000
LINES_PER_BAD_ONE = 211


class World:
    """One gateway's: lines are counted from 0, as they are first sent, bad ones included."""

    def __init__(self, tag, number, users):
        self.prefix = f"{tag}-g{number}"
        self.users = users
        # Far from everybody else's.
        self.latitude = 48 + number / 10
        self.longitude = zlib.crc32(tag.encode()) % 3600 / 10 - 180
        self.subject = {"id": f"{self.prefix}-s", "kind": "toll", "lat": self.latitude, "lon": self.longitude, "precision": 0}

    @staticmethod
    def is_bad(line):
        return line % LINES_PER_BAD_ONE == LINES_PER_BAD_ONE - 1

    def line(self, line):
        """As it is sent."""
        if self.is_bad(line):
            return b'{"user":"%s-u0","lat":91.5,"lon":11,"ts":%d}\n' % (self.prefix.encode(), FIRST_TS)
        step, user = divmod(self.good_before(line), self.users)
        # 56 m from the subject, or 1.1 km: at 110 m/s on the way between.
        latitude = self.latitude + (0.0005 if step % 2 else 0.01)
        return b'{"user":"%s-u%d","lat":%.4f,"lon":%.1f,"ts":%d}\n' % (
            self.prefix.encode(), user, latitude, self.longitude, self.ts(step, user))

    @staticmethod
    def ts(step, user):
        return FIRST_TS + step * MILLISECONDS_PER_STEP + user

    @staticmethod
    def good_before(line):
        return line - line // LINES_PER_BAD_ONE

    def events_of(self, lines):
        """How many events the first so many lines cause: those of the first step cause none."""
        return max(0, self.good_before(lines) - self.users)


class Expected:
    """The events of one world, as a subscriber must see them."""

    def __init__(self, world):
        self.world = world
        self.count = 0
        # The seq of each user's last enter.
        self.entered = {}

    def check(self, event):
        """What is wrong with the next event, if anything is."""
        world = self.world
        step, user = divmod(world.users + self.count, world.users)
        due = {"seq": event["seq"], "user": f"{world.prefix}-u{user}", "subject": world.subject["id"], "kind": "toll",
               "ts": world.ts(step, user), "cause": "user"}
        if step % 2:
            due |= {"type": "enter", "within": 100}
            self.entered[user] = event["seq"]
        else:
            due |= {"type": "leave", "encounter": self.entered.get(user), "lasted": MILLISECONDS_PER_STEP}
        self.count += 1
        return None if event == due else f"event {self.count} of {world.prefix} is {json.dumps(event)}, due is {json.dumps(due)}"
