"""One model on several devices: copied to each (DDP), or split among them (FSDP2)."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from foretell.ladder.devices import Devices


def share_model(model: Any, devices: Devices) -> Any:
    """Return the model as it is called in training; with FSDP the model itself is split, block by block.

    The gradient that each process gets is the mean over the processes.
    """
    if devices.count == 1:
        return model
    if devices.strategy == "ddp":
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(model)
    from torch.distributed import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(devices.device.type, (devices.count,))
    for block in model.model.layers:
        fully_shard(block, mesh=mesh)
    return fully_shard(model, mesh=mesh)


def without_exchange(shared: Any, devices: Devices, *, until_last: bool) -> AbstractContextManager[Any]:
    """Return the context of a pass: gradients are exchanged once a step, in its last pass.

    Args:
        shared: From `share_model`, compiled or not.
        devices: That share it.
        until_last: Whether further passes follow in this step.
    """
    if devices.count == 1:
        return nullcontext()
    if devices.strategy == "ddp":
        return shared.no_sync() if until_last else nullcontext()
    shared.set_requires_gradient_sync(not until_last)
    return nullcontext()


def gather(value: Any, *, keep: bool) -> Any:
    """Return a nest of dictionaries and lists with every split tensor made whole, on the CPU.

    All processes must call it; those that do not `keep` get `None` for such tensors, to spare memory.
    A tensor that stands in two places, as tied embeddings do, does so in the result.
    """
    return _gather(value, keep, {})


def _gather(value: Any, keep: bool, done: dict[int, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _gather(item, keep, done) for key, item in value.items()}
    if isinstance(value, list):
        return [_gather(item, keep, done) for item in value]
    if not hasattr(value, "full_tensor"):
        return value
    if id(value) not in done:
        whole = value.detach().full_tensor()
        done[id(value)] = whole.cpu() if keep else None
    return done[id(value)]


def split_like(whole: Any, weight: Any) -> Any:
    """Return this process's part of a whole tensor, split as `weight` is; the whole where that is not split."""
    if not hasattr(weight, "full_tensor"):
        return whole
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(whole.to(weight.device), weight.device_mesh, weight.placements, src_data_rank=None)
