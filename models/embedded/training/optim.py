"""The optimiser: Muon for the hidden matrices, AdamW for everything else. Runs in Python.

Muon (Jordan et al., 2024) steps along the orthogonalised momentum of a weight matrix; scaled by 0.2 * sqrt(longer side)
(Liu et al., 2025) its steps are as large as AdamW's, so that both share one learning rate.
"""
import torch

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # Jordan's quintic; it brings singular values near 1
ROUNDS = 5
LEAST_SIDE = 16  # smaller matrices gain nothing


def is_hidden_matrix(name, p):
    """Weights between two hidden layers: no codes, tokens, first convolution or depth-wise kernels."""
    if p.dim() < 2 or any(part in name for part in ("embed", "token", "tpos", "dwconv")):
        return False
    return min(p.flatten(1).shape) >= LEAST_SIDE


def orthogonalised(stack):
    """[n, rows, columns], rows <= columns -> the nearest (semi-)orthogonal matrices, roughly.

    Of long matrices the rounds see the Gram matrix alone, [rows, rows]: each multiplies by a polynomial of it, so that
    the long side is touched twice instead of ten times (192 x 2048: a third of the time, the same to 1e-6).
    """
    a, b, c = NEWTON_SCHULZ
    x = stack / (stack.norm(dim=(1, 2), keepdim=True) + 1e-7)
    polynomial = lambda gram: b * gram + c * gram @ gram
    if x.shape[2] < 2 * x.shape[1]:
        for _ in range(ROUNDS):
            x = a * x + polynomial(x @ x.mT) @ x
        return x
    gram = x @ x.mT
    one = a * torch.eye(gram.shape[-1])
    total = step = one + polynomial(gram)
    for _ in range(ROUNDS - 1):
        gram = step @ gram @ step
        step = one + polynomial(gram)
        total = step @ total
    return total @ x


class Muon(torch.optim.Optimizer):
    """Momentum with Nesterov look-ahead, orthogonalised; matrices of one shape go through together, and each process
    of the team does its share of them."""

    def __init__(self, groups, team, lr=1e-3, momentum=.95):
        super().__init__(groups, dict(lr=lr, momentum=momentum, weight_decay=0.))
        self.team = team

    def look_ahead(self, p, momentum):
        """-> gradient and momentum of one matrix, [rows, columns] with rows <= columns"""
        slow = self.state[p].setdefault("momentum", torch.zeros_like(p))
        slow.lerp_(p.grad, 1 - momentum)
        ahead = torch.lerp(p.grad, slow, momentum).flatten(1)
        return ahead.T if ahead.shape[0] > ahead.shape[1] else ahead

    def updates(self, matrices):
        """-> the orthogonalised matrices; all processes get all of them"""
        out = [torch.zeros(m.shape) for m in matrices]
        by_shape = {}
        for i, m in enumerate(matrices):
            by_shape.setdefault(tuple(m.shape), []).append(i)
        for members in by_shape.values():
            mine = members[self.team.rank::self.team.size]
            if mine:
                for i, update in zip(mine, orthogonalised(torch.stack([matrices[i] for i in mine]))):
                    out[i] = update
        return self.team.sum(out)

    @torch.no_grad()
    def step(self):
        steps = [(p, group) for group in self.param_groups for p in group["params"] if p.grad is not None]
        updates = self.updates([self.look_ahead(p, group["momentum"]) for p, group in steps])
        for (p, group), update in zip(steps, updates):
            longer = max(update.shape)
            tall = p.shape[0] > p[0].numel()
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.add_((update.T if tall else update).reshape(p.shape), alpha=-group["lr"] * .2 * longer ** .5)


class Both:
    """AdamW and Muon behind one face; `muon` False leaves everything to AdamW."""

    def __init__(self, model, muon, team):
        groups = {}
        for name, p in model.named_parameters():
            decays = p.dim() >= 2 and "embed" not in name and "tpos" not in name
            key = (muon and is_hidden_matrix(name, p), "image_encoder.trunk" in name, decays)
            groups.setdefault(key, []).append(p)
        make = lambda wanted: [dict(params=p, in_trunk=trunk, decays=decays) for (hidden, trunk, decays), p in groups.items() if hidden == wanted]
        self.parts = [torch.optim.AdamW(make(False), lr=1e-3, betas=(.9, .98))]
        if muon:
            self.parts.append(Muon(make(True), team))

    def set_rates(self, leg, lr):
        for part in self.parts:
            for group in part.param_groups:
                share = leg["muon_lr"] if isinstance(part, Muon) else leg["trunk_lr"] if group["in_trunk"] else leg["head_lr"]
                group["lr"] = lr * share
                group["weight_decay"] = leg["weight_decay"] if group["decays"] else 0.

    def step(self):
        for part in self.parts:
            part.step()

    def state_dict(self):
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states):
        for part, state in zip(self.parts, states):
            part.load_state_dict(state)
