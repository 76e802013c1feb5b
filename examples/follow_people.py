"""Follow the people of a video frame by frame, and say where each was first seen.

python examples/follow_people.py video.mp4
"""

import sys

import gaitway


def main(video: str) -> None:
    """Print each person once, when the track begins."""
    seen: set[int] = set()
    for frame, tracks in gaitway.track(video):
        for track_id, box in zip(tracks.track_id, tracks.xyxy, strict=True):
            if track_id not in seen:
                seen.add(int(track_id))
                print(f"person {track_id} comes at {frame.time_s:.2f} s, box {box.round().tolist()}")
    print(f"{len(seen)} people")


if __name__ == "__main__":
    main(sys.argv[1])
