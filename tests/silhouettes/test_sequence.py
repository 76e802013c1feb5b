import numpy as np

from gaitway.results import TrackTable
from gaitway.silhouettes import SequenceCollector, align, isolate, usable_silhouettes
from gaitway.silhouettes import quality as q
from gaitway.types import Bodies, Silhouettes
from support.sticks import bodies_of, box_of, draw_person

FRAME = (400, 300)


def people(frame, places):
    """Return the frame's Silhouettes: places maps track id -> x."""
    drawn = [draw_person(FRAME, x, 280, 150, 2 * np.pi * frame / 30 + track) for track, x in places.items()]
    masks = [mask for mask, _ in drawn]
    boxes = np.stack([box_of(mask) for mask in masks])
    bodies = bodies_of(masks, [k for _, k in drawn], boxes)
    return Silhouettes(np.array(list(places), np.int64), boxes, bodies)


def collect(frames, places):
    collector = SequenceCollector(30.0, FRAME)
    seen = {}
    for frame in frames:
        seen[frame] = people(frame, places(frame))
        collector.add(frame, seen[frame])
    return collector, seen


class TestWalks:
    def test_each_track_gets_its_own_aligned_silhouettes(self):
        collector, seen = collect(range(3, 33), lambda _: {1: 100, 7: 300})
        walks, summaries = collector.finish()
        assert list(walks) == [1, 7]
        assert [(s.track_id, s.first_frame, s.last_frame, s.frames, s.reason) for s in summaries] == [
            (1, 3, 32, 30, None),
            (7, 3, 32, 30, None),
        ]
        assert walks[7].frame_index.tolist() == list(range(3, 33))
        assert walks[7].frame_rate == 30.0
        cutouts = isolate(seen[5].bodies, seen[5].xyxy)
        np.testing.assert_array_equal(walks[7].silhouettes[2], align(cutouts[1].mask))
        np.testing.assert_array_equal(walks[1].keypoints[2], seen[5].bodies.keypoints[0])

    def test_a_track_without_a_silhouette_has_a_summary_and_no_walk(self):
        blank = Bodies(
            np.array([[0, 0, 90, 90]], np.float32),
            (np.zeros((8, 8), np.float32),),
            np.full((1, 33, 3), np.nan, np.float32),
            np.ones(1, np.float32),
        )
        collector = SequenceCollector(30.0, FRAME)
        collector.add(4, Silhouettes(np.array([2]), np.array([[10, 10, 80, 80]], np.float32), blank))
        walks, (summary,) = collector.finish()
        assert len(walks) == 0
        assert (summary.frames, summary.quality, summary.reason) == (0, 0.0, q.EMPTY)

    def test_an_empty_video_has_no_walks(self):
        walks, summaries = SequenceCollector(30.0, FRAME).finish()
        assert len(walks) == 0
        assert summaries == ()

    def test_bystanders_keep_their_own_pixels(self):
        drawn = [draw_person(FRAME, x, 280, 150, 1.0) for x in (180, 225)]
        masks, keypoints = [m for m, _ in drawn], [k for _, k in drawn]
        boxes = np.stack([box_of(mask) for mask in masks])
        bodies = bodies_of(masks, keypoints, boxes, [np.maximum(*masks)] * 2)
        followed = Silhouettes(np.array([1]), boxes[:1], bodies.select(np.array([0])))
        sums = []
        for others in (None, bodies.select(np.array([1]))):
            collector = SequenceCollector(30.0, FRAME)
            collector.add(0, followed, others)
            walks, summaries = collector.finish()
            assert len(summaries) == 1
            sums.append(int(walks[1].silhouettes.sum()))
        alone = int(align(isolate(bodies_of(masks[:1], keypoints[:1], boxes[:1]), boxes[:1])[0].mask).sum())
        assert abs(sums[1] - alone) < abs(sums[0] - alone)

    def test_a_packed_silhouette_is_small(self):
        collector, _ = collect(range(30), lambda _: {1: 200})
        packed = collector._spool._packed
        assert max(packed) < 1024

    def test_only_usable_silhouettes_are_encoded(self):
        collector, _ = collect(range(20), lambda frame: {1: 100 if frame < 15 else 20})
        walk = collector.finish()[0][1]
        good = usable_silhouettes(walk)
        assert 0 < len(good) < 20
        assert len(good) == (walk.quality >= 0.5).sum()


class TestFinalTracks:
    def table(self, rows):
        frame, track, boxes = zip(*rows, strict=True)
        count = len(rows)
        return TrackTable(
            np.array(frame),
            np.array(track),
            np.stack(boxes),
            np.ones(count, np.float32),
            np.zeros(count, bool),
        )

    def test_joined_and_split_tracks_get_their_silhouettes(self):
        # Online, person A is track 1 and, after a break, track 3; track 2 is person B, then person C.
        def places(frame):
            return {(1 if frame < 10 else 3): 100, 2: 300 if frame < 10 else 200}

        collector, seen = collect(range(20), places)
        final = {(0, 0): 11, (0, 1): 12, (1, 0): 11, (1, 1): 13}
        rows = []
        for frame, silhouettes in seen.items():
            for row, track in enumerate(silhouettes.track_id):
                person = 1 if track == 2 else 0
                rows.append((frame, final[(int(frame >= 10), person)], silhouettes.xyxy[row]))
        walks, summaries = collector.finish(self.table(rows))
        assert [(s.track_id, s.first_frame, s.last_frame) for s in summaries] == [
            (11, 0, 19),
            (12, 0, 9),
            (13, 10, 19),
        ]
        assert [len(walks[t]) for t in (11, 12, 13)] == [20, 10, 10]

    def test_a_filled_box_has_no_silhouette_and_still_counts_in_the_span(self):
        collector, seen = collect(range(12), lambda _: {1: 200})
        rows = [(frame, 5, seen[frame].xyxy[0]) for frame in seen] + [(12, 5, seen[11].xyxy[0])]
        walks, (summary,) = collector.finish(self.table(rows))
        assert (summary.first_frame, summary.last_frame) == (0, 12)
        assert len(walks[5]) == 12
