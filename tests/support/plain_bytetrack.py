"""ByteTrack with one object and one 8x8 Kalman filter per track: the slow twin of the vectorised tracker.

Written from the paper and the fixtures' rules, as plainly as can be; also the benchmark's other side.
"""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import linear_sum_assignment

F = np.eye(8) + np.diag(np.ones(4), 4)
H = np.eye(4, 8)


def to_xyah(xyxy):
    x1, y1, x2, y2 = xyxy
    return np.array([(x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / (y2 - y1), y2 - y1])


class Track:
    def __init__(self, track_id, xyxy, score, row, frame):
        self.track_id, self.score, self.row = track_id, score, row
        self.first = self.last = frame
        self.state, self.is_confirmed = "tracked", frame == 1
        z = to_xyah(xyxy)
        h = z[3]
        self.mean = np.concatenate([z, np.zeros(4)])
        std = [h / 10, h / 10, 1e-2, h / 10, h / 16, h / 16, 1e-5, h / 16]
        self.covariance = np.diag(np.square(std))

    def predict(self):
        if self.state != "tracked":
            self.mean[7] = 0
        h = self.mean[3]
        std = [h / 20, h / 20, 1e-2, h / 20, h / 160, h / 160, 1e-5, h / 160]
        self.mean = F @ self.mean
        self.covariance = F @ self.covariance @ F.T + np.diag(np.square(std))

    def see(self, xyxy, score, row, frame):
        h = self.mean[3]
        noise = np.diag(np.square([h / 20, h / 20, 1e-1, h / 20]))
        total = H @ self.covariance @ H.T + noise
        gain = cho_solve(cho_factor(total, lower=True), H @ self.covariance).T
        self.mean = self.mean + gain @ (to_xyah(xyxy) - H @ self.mean)
        self.covariance = self.covariance - gain @ total @ gain.T
        self.score, self.row, self.last = score, row, frame
        self.state, self.is_confirmed = "tracked", True

    @property
    def xyxy(self):
        x, y, a, h = self.mean[:4]
        return np.array([x - a * h / 2, y - h / 2, x + a * h / 2, y + h / 2])


def iou(a, b):
    """All pairs, corners inclusive."""
    if not (len(a) and len(b)):
        return np.zeros((len(a), len(b)))
    a, b = np.asarray(a, float), np.asarray(b, float)
    size = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2]) + 1
    both = size.clip(0).prod(-1)
    area_a, area_b = (a[:, 2:] - a[:, :2] + 1).prod(1), (b[:, 2:] - b[:, :2] + 1).prod(1)
    return both / (area_a[:, None] + area_b[None] - both)


def assign(cost, limit):
    gain = np.maximum(limit - cost, 0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    pairs = [(i, j) for i, j in zip(rows, columns, strict=True) if gain[i, j] > 0]
    left = [i for i in range(cost.shape[0]) if i not in {p[0] for p in pairs}]
    free = [j for j in range(cost.shape[1]) if j not in {p[1] for p in pairs}]
    return pairs, left, free


class PlainByteTrack:
    """One video; compatible with ``ByteTracker(compat=True)``."""

    def __init__(self, threshold=0.5, buffer=30, match=0.8, *, fuse=True):
        self.threshold, self.buffer, self.match, self.fuse = threshold, buffer, match, fuse
        self.tracked, self.lost, self.removed = [], [], set()
        self.frame, self.next_id = 0, 1

    def cost(self, tracks, found, *, fuse):
        similarity = iou([t.xyxy for t in tracks], [d[0] for d in found])
        if fuse and similarity.size:
            similarity = similarity * np.array([d[1] for d in found])
        return 1 - similarity

    def update(self, xyxy, scores):
        """Return rows id, x1, y1, x2, y2, score, detection."""
        self.frame += 1
        found = [
            (box.astype(float), float(s), i) for i, (box, s) in enumerate(zip(xyxy, scores, strict=True))
        ]
        high = [d for d in found if d[1] > self.threshold]
        low = [d for d in found if 0.1 < d[1] < self.threshold]
        confirmed = [t for t in self.tracked if t.is_confirmed]
        unconfirmed = [t for t in self.tracked if not t.is_confirmed]
        pool = confirmed + self.lost
        for track in pool:
            track.predict()
        pairs, left, free = assign(self.cost(pool, high, fuse=self.fuse), self.match)
        refound = [pool[i] for i, _ in pairs if pool[i].state != "tracked"]
        for i, j in pairs:
            pool[i].see(*high[j], self.frame)
        rest = [pool[i] for i in left if pool[i].state == "tracked"]
        pairs, left, _ = assign(self.cost(rest, low, fuse=False), 0.5)
        for i, j in pairs:
            rest[i].see(*low[j], self.frame)
        now_lost = [rest[i] for i in left]
        for track in now_lost:
            track.state = "lost"
        high = [high[j] for j in free]
        pairs, left, free = assign(self.cost(unconfirmed, high, fuse=self.fuse), 0.7)
        for i, j in pairs:
            unconfirmed[i].see(*high[j], self.frame)
        for i in left:
            unconfirmed[i].state = "removed"
        born = []
        for j in free:
            if high[j][1] >= self.threshold + 0.1:
                born.append(Track(self.next_id, *high[j], self.frame))
                self.next_id += 1
        expired = [t for t in self.lost if self.frame - t.last > self.buffer]
        for track in expired:
            track.state = "removed"
        self.tracked = [t for t in self.tracked if t.state == "tracked"] + born + refound
        self.lost = [t for t in self.lost if t not in self.tracked] + now_lost
        self.lost = [t for t in self.lost if t not in self.removed]
        self.removed |= set(expired)
        self.drop_doubles()
        return [(t.track_id, *t.xyxy, t.score, t.row) for t in self.tracked if t.is_confirmed]

    def drop_doubles(self):
        distance = 1 - iou([t.xyxy for t in self.tracked], [t.xyxy for t in self.lost])
        drop = set()
        for i, j in zip(*np.nonzero(distance < 0.15), strict=True):
            a, b = self.tracked[i], self.lost[j]
            drop.add(b if a.last - a.first > b.last - b.first else a)
        self.tracked = [t for t in self.tracked if t not in drop]
        self.lost = [t for t in self.lost if t not in drop]
