"""Fit an encoder's calibration on generated scenes and measure it on others.

usage: ./run bench calibrate_matching [--encoder gei --encoder gei-plain --encoder gait-template]

Prints the numbers for recognition/calibration.py and what they say about people of another seed.
"""

from __future__ import annotations

import argparse

from gaitway.recognition.calibration import fit_calibration
from gaitway.synthetic.mask_faults import REAL_VIDEO
from gaitway.synthetic.population import PopulationConfig
from gaitway.training.calibrate import CalibrationConfig, calibration_cases, open_set
from gaitway.wiring.stages import Networks, make_encoder

REPORTED = CalibrationConfig(scenes=100, population=PopulationConfig(seed=99_500, faults=REAL_VIDEO))


def main() -> None:
    """Fit, measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", action="append", help="repeatable")
    options = parser.parse_args()
    for name in options.encoder or ["gei", "gei-plain", "gait-template"]:
        encoder = make_encoder(name, Networks("f32", 1))
        source = f"gaitway.training.calibrate, {CalibrationConfig().scenes} generated scenes"
        calibration = fit_calibration(list(calibration_cases(encoder)), source)
        print(f"{name}: {encoder.model_id!r}: {calibration}", flush=True)
        print(f"{name}: {open_set(list(calibration_cases(encoder, REPORTED)), calibration)}", flush=True)


if __name__ == "__main__":
    main()
