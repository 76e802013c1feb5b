"""Name the people of probe videos by the people of a gallery video.

python examples/identify_people.py gallery.mp4 probe.mp4 out
"""

import sys

import gaitway


def main(gallery: str, probe: str, out: str) -> None:
    """Identify, and print who is who."""
    result = gaitway.identify(gallery=[gallery], probes=[probe], out=out)
    for match in result.matches:
        if match.label is None:
            print(f"track {match.track_id}: unknown, {match.reason}")
        else:
            print(f"track {match.track_id}: {match.label}, score {match.score:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
