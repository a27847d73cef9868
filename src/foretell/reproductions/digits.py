"""How many digits of a published number come out."""

from decimal import Decimal


def agreeing_digits(published: str, ours: float) -> int:
    """Count the significant digits of a published number that ours agrees with.

    It is the largest `d` for which ours differs from the published number by at most half a unit
    of its `d`-th significant digit: all of them where ours, rounded as printed, is the same text.

    Args:
        published: The number as it is printed, such as `0.7103`; its digits are what it claims.
        ours: Ours, in the same unit.

    >>> agreeing_digits("0.7103", 0.71034), agreeing_digits("0.7103", 0.712), agreeing_digits("482.01", 700.0)
    (4, 2, 0)
    """
    difference = abs(Decimal(repr(float(ours))) - Decimal(published))
    first = Decimal(published).adjusted()  # power of ten of its first significant digit
    if not difference.is_finite():
        return 0
    places = [first - i for i in range(count_digits(published))]
    return sum(2 * difference <= Decimal(1).scaleb(place) for place in places)


def count_digits(published: str) -> int:
    """Count the significant digits that a number is printed with; zeros at its end count.

    >>> count_digits("0.00101827"), count_digits("2085.43"), count_digits("0.020")
    (6, 6, 2)
    """
    return len(Decimal(published).as_tuple().digits)


def as_printed(published: str, ours: float) -> str:
    """Write our number with as many decimals as the published one, or one more where that has a single digit.

    >>> as_printed("0.7103", 0.71034), as_printed("2", 2.113)
    ('0.7103', '2.1')
    """
    decimals = max(-int(Decimal(published).as_tuple().exponent), 0)
    return f"{ours:.{decimals + (count_digits(published) == 1)}f}"
