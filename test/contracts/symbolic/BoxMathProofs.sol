// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BoxMath} from "../../../contracts/ledger/BoxMath.sol";
import {BoxId, Boxes} from "../../../contracts/types/BoxId.sol";

/// @notice What the derivation at the head of the ledger says of one box, for every canonical box and every future.
/// @dev The tick is a constant of each contract below, and tops end where it says: of products of two unknowns, and of all 64 bits, no
///      solver here finishes. Nothing in the code under proof asks how large a tick or a top is.
abstract contract BoxMathProofs {
    error Outside();

    /// @dev In ticks: all tops up to here, and all strikes below them.
    uint256 internal immutable MAX_TOP;
    uint256 internal immutable TICK;

    constructor(uint256 tick, uint256 maxTop) {
        (TICK, MAX_TOP) = (tick, maxTop);
    }

    /// @dev The two sides of a box are worth its width, whatever its components earn.
    function check_mirror_addsUpToTheWidth(BoxId id, uint256 top, uint256 earned) external view {
        _assumeCanonical(id, top);
        _assume(earned <= top * TICK);
        BoxId other = BoxMath.mirror(id, top);
        assert(_payoff(id, top, earned) + _payoff(other, top, earned) == BoxMath.width(id, top, TICK));
        assert(BoxMath.width(other, top, TICK) == BoxMath.width(id, top, TICK));
    }

    /// @dev A box is its mirror's mirror, and both are canonical: lo < hi <= top, and a ceiling at the top is MAX.
    function check_mirror_isItsOwnInverse(BoxId id, uint256 top) external view {
        _assumeCanonical(id, top);
        BoxId other = BoxMath.mirror(id, top);
        assert(other != id && other.isShort() != id.isShort());
        assert(_isCanonical(other, top));
        assert(BoxMath.mirror(other, top) == id);
    }

    /// @dev Cut by value, on every path, whichever side.
    function check_cutByValue_addsUp(BoxId id, uint64 at, uint256 top, uint256 earned) external view {
        _assumeCanonical(id, top);
        _assume(at > id.lo() && at < BoxMath.ceiling(id, top) && earned <= top * TICK);
        BoxId below = id.withStrikes(id.lo(), at);
        BoxId above = id.withStrikes(at, id.hi());
        assert(_payoff(below, top, earned) + _payoff(above, top, earned) == _payoff(id, top, earned));
    }

    /// @dev Cut by time or by component, of full boxes: tops and earnings add up, and so do payoffs.
    function check_cutOfAFullBox_addsUp(
        BoxId id,
        uint256 topA,
        uint256 topB,
        uint256 earnedA,
        uint256 earnedB
    ) external view {
        _assume(id.isFull() && topA > 0 && topB > 0 && topA <= MAX_TOP && topB <= MAX_TOP - topA);
        _assume(earnedA <= topA * TICK && earnedB <= topB * TICK);
        assert(
            _payoff(id, topA, earnedA) + _payoff(id, topB, earnedB)
                == _payoff(id, topA + topB, earnedA + earnedB)
        );
    }

    /// @dev Realised for `topBefore` of its top: what is paid and the rest are worth no more than the whole, and less by
    ///      under two ticks. The rest is canonical, or nothing.
    function check_restrike_neverGains(
        BoxId id,
        uint24 until,
        uint256 topBefore,
        uint256 topAfter,
        uint256 before,
        uint256 later
    ) external view {
        _assume(topBefore <= MAX_TOP && topAfter <= MAX_TOP);
        uint256 top = topBefore + topAfter;
        _assumeCanonical(id, top);
        _assume(before <= topBefore * TICK && later <= topAfter * TICK);
        uint256 paid = BoxMath.payoff(id, TICK, before);
        uint256 whole = BoxMath.payoff(id, TICK, before + later);
        BoxId rest = BoxMath.restrike(id, until, topAfter, TICK, before);
        if (rest == BoxMath.NONE) {
            assert(paid <= whole);
            assert(whole - paid < 2 * TICK);
            return;
        }
        assert(_isCanonical(rest, topAfter));
        assert(rest.start() == until && rest.isShort() == id.isShort() && rest.mask() == id.mask());
        assert(rest.index() == id.index() && rest.end() == id.end());
        uint256 left = BoxMath.payoff(rest, TICK, later);
        assert(paid + left <= whole);
        assert(whole - (paid + left) < 2 * TICK);
    }

    function check_payoff_growsAndStaysWithinTheWidth(BoxId id, uint256 top, uint256 less, uint256 more)
        external
        view
    {
        _assumeCanonical(id, top);
        _assume(less <= more && more <= top * TICK);
        uint256 low = BoxMath.payoff(id, TICK, less);
        uint256 high = BoxMath.payoff(id, TICK, more);
        assert(low <= high && high <= BoxMath.width(id, top, TICK));
    }

    function _payoff(BoxId id, uint256 top, uint256 earned) private view returns (uint256) {
        return BoxMath.payoff(id, TICK, BoxMath.sideValue(id, top, TICK, earned));
    }

    function _assumeCanonical(BoxId id, uint256 top) private view {
        _assume(top <= MAX_TOP && id.isWellFormed() && _isCanonical(id, top));
    }

    function _isCanonical(BoxId id, uint256 top) private pure returns (bool) {
        return id.lo() < id.hi() && id.lo() < top && (id.hi() < top || id.hi() == Boxes.MAX_STRIKE);
    }

    /// @dev A path that reverts proves nothing and is left out.
    function _assume(bool condition) internal pure {
        require(condition, Outside());
    }
}

/// @notice Where nothing is rounded.
contract BoxMathTickOneProofs is BoxMathProofs(1, 65_535) {}
