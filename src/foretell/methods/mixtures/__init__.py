"""Stage one of FLP-M: what every domain loss becomes at a size and a mixture."""

from foretell.methods.mixtures.domain_losses import DEFAULT_LAW, MIXTURE_LAWS, DomainLosses, fit_domain_losses

__all__ = ["DEFAULT_LAW", "MIXTURE_LAWS", "DomainLosses", "fit_domain_losses"]
