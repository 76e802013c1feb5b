"""Write the trained default encoder for use without torch: safetensors and OpenVINO's format."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from gaitway.models.gait_template import GaitTemplateNet

NAME = "gait_template"


def export(net: GaitTemplateNet, folder: Path) -> list[Path]:
    """Write ``gait_template.safetensors``, ``.xml`` and ``.bin`` (weights in half precision) into ``folder``.

    The network's own f32 arithmetic is kept: only the stored weights are rounded to 16 bits, in both files
    alike.
    """
    import openvino as ov

    net = net.cpu().float().eval()
    halved = {
        name: value.half() if value.is_floating_point() else value for name, value in net.state_dict().items()
    }
    tensors = folder / f"{NAME}.safetensors"
    save_file({name: value.contiguous() for name, value in halved.items()}, tensors)
    net.load_state_dict(
        {name: value.float() if value.is_floating_point() else value for name, value in halved.items()}
    )
    config = net.config
    example = torch.zeros(1, config.maps, 64, 44)
    model = ov.convert_model(net, example_input=example, input=[1, config.maps, 64, 44])
    graph = folder / f"{NAME}.xml"
    ov.save_model(model, graph, compress_to_fp16=True)
    return [tensors, graph, graph.with_suffix(".bin")]
