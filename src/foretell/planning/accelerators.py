"""Accelerators by name: what their makers' data sheets state."""

from dataclasses import dataclass

from foretell.registry import Registry


@dataclass(frozen=True)
class Accelerator:
    """One device.

    Attributes:
        peak_flops: Dense bf16 FLOPs a second, without sparsity.
        memory_bytes: Of one device.
        reference: The data sheet.
    """

    peak_flops: float
    memory_bytes: float
    reference: str


ACCELERATORS: Registry[Accelerator] = Registry(
    "accelerator",
    {
        "a100": Accelerator(312e12, 80e9, "NVIDIA A100 80GB data sheet"),
        "h100": Accelerator(989e12, 80e9, "NVIDIA H100 SXM data sheet"),
        "h200": Accelerator(989e12, 141e9, "NVIDIA H200 SXM data sheet"),
        "b200": Accelerator(2250e12, 180e9, "NVIDIA DGX B200 data sheet, an eighth of it"),
        "l40s": Accelerator(362e12, 48e9, "NVIDIA L40S data sheet"),
        "mi250x": Accelerator(383e12, 128e9, "AMD Instinct MI250X data sheet"),
        "mi300x": Accelerator(1307e12, 192e9, "AMD Instinct MI300X data sheet"),
        "tpu-v4": Accelerator(275e12, 32e9, "Google Cloud TPU v4 documentation"),
        "tpu-v5e": Accelerator(197e12, 16e9, "Google Cloud TPU v5e documentation"),
        "tpu-v5p": Accelerator(459e12, 95e9, "Google Cloud TPU v5p documentation"),
        "tpu-v6e": Accelerator(918e12, 32e9, "Google Cloud TPU v6e documentation"),
    },
)
