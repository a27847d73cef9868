"""Stage one of FLP-M: the loss of each domain from model size, tokens and the data mixture."""

from foretell.methods.mixtures.domain_losses import DomainLosses
from foretell.methods.mixtures.fit_domain_losses import fit_domain_losses
from foretell.methods.mixtures.mixture_laws import DEFAULT_LAW, MIXTURE_LAWS, MixtureChoice

__all__ = ["DEFAULT_LAW", "MIXTURE_LAWS", "DomainLosses", "MixtureChoice", "fit_domain_losses"]
