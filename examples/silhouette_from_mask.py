"""Make an aligned silhouette and a gait energy image from masks, as gait networks want them.

python examples/silhouette_from_mask.py
"""

import numpy as np

from gaitway import silhouettes


def main() -> None:
    """Align a leaning bar in every frame and average: the energy image shows where it was."""
    walk = []
    for step in range(10):
        mask = np.zeros((200, 120), np.uint8)
        mask[20:180, 40 + step : 80 + step] = 255
        walk.append(silhouettes.align(mask))
    energy = np.mean(walk, axis=0)
    print(f"{len(walk)} silhouettes of {walk[0].shape}, energy image up to {energy.max():.0f}")


if __name__ == "__main__":
    main()
