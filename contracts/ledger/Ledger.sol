// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {BoxId, Boxes} from "../types/BoxId.sol";
import {BoxMath} from "./BoxMath.sol";
import {Positions} from "./Positions.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Ledger
/// @dev Let r_k(d) be what component k earned on day d, clamped to its cap c_k, and
///
///          I_k(e) = Σ_{d<e} r_k(d)        I_M = Σ_{k∈M} I_k        c_M = Σ_{k∈M} c_k        T = c_M·(e−s)
///          X = I_M(e) − I_M(s) for LONG,  T − (I_M(e) − I_M(s)) for SHORT           so 0 ≤ X ≤ T
///          π = clamp(X, lo, hi) − lo,     and quantity q is worth ⌊q·π / 1e36⌋.
///
///      Promise: for every index and every future of it, reserve·1e36 ≥ Σ q·π over all that is held. Proof, verb by verb:
///
///      escrow, merge   LONG [lo,hi) and SHORT [T−hi,T−lo) are each other's mirror: whatever the index does, their payoffs
///                      add up to hi − lo. The reserve takes ⌈q·(hi−lo)⌉ and gives ⌊q·(hi−lo)⌋.
///      split, join     The payoffs of the parts add up to that of the whole on every path: X is a sum over components and
///                      over days, for both sides, and clamp is a sum over adjacent strikes. Cash does not move. Only a
///                      full box, [0,T), may be cut by component or time: of slices the sum of the parts' minima is less
///                      than the minimum of the sum, so a join would create value.
///      realise         With x the value before t and y the rest, both ≥ 0,
///                          clamp(x+y, lo, hi) − lo = (clamp(x, lo, hi) − lo) + (clamp(y, (lo−x)⁺, (hi−x)⁺) − (lo−x)⁺),
///                      of which the first term is paid, rounded down, and the second is the box that remains; its
///                      floor is rounded up to the tick and its ceiling down, which can only lower it.
///      redeem          realise with nothing after t.
///      poke            Narrows the futures to those that begin with what happened.
///
///      No price, no honesty of an oracle and no order of calls is in this proof; only that prefix sums, once stored,
///      never change, and that a day adds between 0 and the cap.
///
///      Nothing may stop a live position from being paid. Therefore a box is refused at creation (`EndsTooLate`) if
///      the prefix sums, were every day at its cap, could outgrow their 128 bits before its end: `poke` cannot overflow
///      up to the end of any box that exists. The same bound makes T·tick < 2^128, so q·π < 2^256.
///
///      Assumes of a reward token that transfers move exactly what they say and balances change by transfers alone;
///      a token that breaks this harms its own indices only, as every index has a reserve of its own.
contract Ledger is Positions, Multicall {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /// @dev 1 while cash moves. Not a bool: that would be read again when written.
    uint256 private transient _entered;

    /* CASH AND BOTH SIDES */

    /// @inheritdoc ILedger
    function escrow(BoxId long, uint128 quantity, address longTo, address shortTo)
        external
        returns (uint256 cash)
    {
        _enter();
        (Head memory head, uint256 top) = _requireLong(long);
        cash = BoxMath.cashUp(quantity, BoxMath.width(long, top, head.tick));

        _setReserve(long.index(), head.reserve + cash);
        _create(long, longTo, quantity);
        _create(BoxMath.mirror(long, top), shortTo, quantity);

        emit Escrowed(long, cash);

        _takeExactly(IERC20(head.token), cash);
        _leave();
    }

    /// @inheritdoc ILedger
    function merge(BoxId long, uint128 quantity, address to) external returns (uint256 cash) {
        _enter();
        require(!long.isShort(), NotLong(long));
        _destroy(long, quantity);
        (Head memory head, uint256 top) = _known(long);
        _destroy(BoxMath.mirror(long, top), quantity);
        cash = BoxMath.cashDown(quantity, BoxMath.width(long, top, head.tick));
        _setReserve(long.index(), head.reserve - cash);

        emit Merged(long, cash);

        _give(IERC20(head.token), to, cash);
        _leave();
    }

    /* CUTS */

    /// @inheritdoc ILedger
    function split(BoxId whole, Axis axis, uint64 at, uint128 quantity)
        external
        returns (BoxId first, BoxId second)
    {
        _requireOutside();
        _destroy(whole, quantity);
        (first, second) = _partsOf(whole, axis, at);
        _create(first, msg.sender, quantity);
        _create(second, msg.sender, quantity);
    }

    /// @inheritdoc ILedger
    function join(BoxId whole, Axis axis, uint64 at, uint128 quantity)
        external
        returns (BoxId first, BoxId second)
    {
        _requireOutside();
        _requireCanonical(whole);
        (first, second) = _partsOf(whole, axis, at);
        _destroy(first, quantity);
        _destroy(second, quantity);
        _create(whole, msg.sender, quantity);
    }

    /* WHAT IS CERTAIN, INTO CASH */

    /// @inheritdoc ILedger
    function realise(BoxId id, uint24 until, uint128 quantity, address to)
        external
        returns (uint256 cash, BoxId rest)
    {
        _enter();
        _destroy(id, quantity);
        (Head memory head,) = _known(id);
        (cash, rest) = _realised(head, id, until, quantity);

        _setReserve(id.index(), head.reserve - cash);
        if (rest != BoxMath.NONE) _create(rest, msg.sender, quantity);

        emit Realised(id, until, cash, rest);

        _give(IERC20(head.token), to, cash);
        _leave();
    }

    /// @inheritdoc ILedger
    function redeem(BoxId id, uint128 quantity, address to) external returns (uint256 cash) {
        _enter();
        _destroy(id, quantity);
        (Head memory head, uint256 top) = _known(id);
        cash = _redeemed(head, top, id, quantity);
        _setReserve(id.index(), head.reserve - cash);

        emit Redeemed(id, cash);

        _give(IERC20(head.token), to, cash);
        _leave();
    }

    /// @inheritdoc ILedger
    function redeemMany(BoxId[] calldata ids, uint128[] calldata quantities, address to)
        external
        returns (uint256 cash)
    {
        _enter();
        require(
            ids.length == quantities.length && ids.length > 0, LengthsDiffer(ids.length, quantities.length)
        );
        uint32 index = ids[0].index();
        Head memory head = _headOf(index);
        for (uint256 i = 0; i < ids.length; i++) {
            BoxId id = ids[i];
            require(id.index() == index, IndicesDiffer(index, id.index()));
            _destroy(id, quantities[i]);
            uint256 paid = _redeemed(head, _topIn(head, id), id, quantities[i]);
            cash += paid;
            emit Redeemed(id, paid);
        }
        _setReserve(index, head.reserve - cash);

        _give(IERC20(head.token), to, cash);
        _leave();
    }

    /* PREVIEWS */

    /// @inheritdoc ILedger
    function previewEscrow(BoxId long, uint128 quantity) external view returns (uint256 cash) {
        (Head memory head, uint256 top) = _requireLong(long);
        return BoxMath.cashUp(quantity, BoxMath.width(long, top, head.tick));
    }

    /// @inheritdoc ILedger
    function previewMerge(BoxId long, uint128 quantity) external view returns (uint256 cash) {
        (Head memory head, uint256 top) = _requireLong(long);
        return BoxMath.cashDown(quantity, BoxMath.width(long, top, head.tick));
    }

    /// @inheritdoc ILedger
    function partsOf(BoxId whole, Axis axis, uint64 at) external view returns (BoxId first, BoxId second) {
        _requireCanonical(whole);
        return _partsOf(whole, axis, at);
    }

    /// @inheritdoc ILedger
    function previewRealise(BoxId id, uint24 until, uint128 quantity)
        external
        view
        returns (uint256 cash, BoxId rest)
    {
        (Head memory head,) = _requireCanonical(id);
        return _realised(head, id, until, quantity);
    }

    /// @inheritdoc ILedger
    function previewRedeem(BoxId id, uint128 quantity) external view returns (uint256 cash) {
        (Head memory head, uint256 top) = _requireCanonical(id);
        return _redeemed(head, top, id, quantity);
    }

    /* VIEWS */

    /// @inheritdoc ILedger
    function payoffOf(BoxId id, uint256 earned) external view returns (uint256 value) {
        (Head memory head, uint256 top) = _requireCanonical(id);
        require(earned <= top * head.tick, EarnedAboveTop(earned, top * head.tick));
        return BoxMath.payoff(id, top, head.tick, BoxMath.sideValue(id, top, head.tick, earned));
    }

    /// @inheritdoc ILedger
    function boundsOf(BoxId id) external view returns (uint256 least, uint256 most) {
        (Head memory head, uint256 top) = _requireCanonical(id);
        uint256 known = Math.max(Math.min(head.pokedUntil, id.end()), id.start());
        uint256 sum = known == id.start() ? 0 : _earned(id, known.toUint24());
        uint256 openTop = _capsIn(head, id) * (id.end() - known);
        uint256 value = BoxMath.sideValue(id, top - openTop, head.tick, sum);
        least = BoxMath.payoff(id, top, head.tick, value);
        most = BoxMath.payoff(id, top, head.tick, value + openTop * head.tick);
    }

    /// @inheritdoc ILedger
    function mirrorOf(BoxId id) external view returns (BoxId) {
        (, uint256 top) = _requireCanonical(id);
        return BoxMath.mirror(id, top);
    }

    /// @inheritdoc ILedger
    function topTicksOf(BoxId id) external view returns (uint256 top) {
        (, top) = _requireCanonical(id);
    }

    /* BOXES */

    function _capsIn(Head memory head, BoxId id) private view returns (uint256) {
        return _capsOf(_indices[id.index()], head.cap0, head.cap1, id.mask());
    }

    /// @dev T in ticks. Safe because caps sum up to less than 2^67; an interval is below 2^24, or refused.
    function _topIn(Head memory head, BoxId id) private view returns (uint256) {
        unchecked {
            return _capsIn(head, id) * (uint256(id.end()) - id.start());
        }
    }

    /// @dev Of an id that is canonical for certain, because somebody has some of it.
    function _known(BoxId id) private view returns (Head memory head, uint256 top) {
        head = _headOf(id.index());
        top = _topIn(head, id);
    }

    function _requireLong(BoxId id) private view returns (Head memory head, uint256 top) {
        require(!id.isShort(), NotLong(id));
        return _requireCanonical(id);
    }

    /// @dev A LONG of which some is out there passed all of this when it was created.
    function _requireCanonical(BoxId id) internal view override returns (Head memory head, uint256 top) {
        (head, top) = _known(id);
        if (!id.isShort() && _isIssued(id)) return (head, top);

        (uint256 start, uint256 end) = (id.start(), id.end());
        require(id.isWellFormed(), MalformedId(id));
        require(id.mask() != 0 && id.mask() >> head.components == 0, MaskOutside(id.mask(), head.components));
        require(start >= head.firstEpoch, StartsBeforeIndex(start, head.firstEpoch));
        require(start < end, IntervalEmpty(start, end));
        require(top < Boxes.MAX_STRIKE, TopTooManyTicks(top, Boxes.MAX_STRIKE - 1));
        uint256 worst = _worstSum(head, id);
        require(worst <= type(uint128).max, EndsTooLate(end, worst, type(uint128).max));
        (uint256 lo, uint256 hi) = (id.lo(), id.hi());
        require(lo < hi, StrikesEmpty(lo, hi));
        require(lo < top, FloorAboveTop(lo, top));
        require(hi < top || hi == Boxes.MAX_STRIKE, NotCanonical(id, top));
    }

    /// @dev What all components together can sum up to by the end of the box.
    function _worstSum(Head memory head, BoxId id) private view returns (uint256) {
        uint256 every = type(uint8).max >> (MAX_COMPONENTS - head.components);
        uint256 caps = _capsOf(_indices[id.index()], head.cap0, head.cap1, every);
        return caps * (uint256(id.end()) - head.firstEpoch) * head.tick;
    }

    /// @dev Of a canonical box; the parts are canonical too.
    function _partsOf(BoxId whole, Axis axis, uint64 at) private view returns (BoxId first, BoxId second) {
        if (axis == Axis.Value) return _cutValue(whole, at);
        require(whole.isFull(), NotFull(whole));
        return axis == Axis.Time ? _cutTime(whole, at) : _cutComponent(whole, at);
    }

    function _cutComponent(BoxId whole, uint64 at) private pure returns (BoxId first, BoxId second) {
        uint8 mask = whole.mask();
        require(at != 0 && at < mask && at & ~uint256(mask) == 0, CutOutsideMask(at, mask));
        // Safe because it is below a mask.
        // forge-lint: disable-next-line(unsafe-typecast)
        return (whole.withMask(uint8(at)), whole.withMask(mask ^ uint8(at)));
    }

    function _cutTime(BoxId whole, uint64 at) private pure returns (BoxId first, BoxId second) {
        require(at > whole.start() && at < whole.end(), CutOutsideInterval(at, whole.start(), whole.end()));
        // Safe because it is below an epoch.
        // forge-lint: disable-next-line(unsafe-typecast)
        return (whole.withEnd(uint24(at)), whole.withStart(uint24(at)));
    }

    function _cutValue(BoxId whole, uint64 at) private view returns (BoxId first, BoxId second) {
        uint256 ceiling = whole.hi();
        if (ceiling == Boxes.MAX_STRIKE) (, ceiling) = _known(whole);
        require(at > whole.lo() && at < ceiling, CutOutsideStrikes(at, whole.lo(), ceiling));
        return (whole.withStrikes(whole.lo(), at), whole.withStrikes(at, whole.hi()));
    }

    /* VALUE */

    /// @dev What a box's components earned before `until`.
    function _earned(BoxId id, uint24 until) private view returns (uint256) {
        return _sumOf(id.index(), id.mask(), until) - _sumOf(id.index(), id.mask(), id.start());
    }

    function _redeemed(Head memory head, uint256 top, BoxId id, uint128 quantity)
        private
        view
        returns (uint256 cash)
    {
        require(id.end() <= head.pokedUntil, NotMatured(id.end(), head.pokedUntil));
        uint256 value = BoxMath.sideValue(id, top, head.tick, _earned(id, id.end()));
        return BoxMath.cashDown(quantity, BoxMath.payoff(id, top, head.tick, value));
    }

    function _realised(Head memory head, BoxId id, uint24 until, uint128 quantity)
        private
        view
        returns (uint256 cash, BoxId rest)
    {
        uint24 last = id.end() < head.pokedUntil ? id.end() : head.pokedUntil;
        require(until > id.start() && until <= last, RealisedOutside(until, id.start(), last));
        uint256 caps = _capsIn(head, id);
        uint256 topBefore = caps * (until - id.start());
        uint256 topAfter = caps * (id.end() - until);
        uint256 value = BoxMath.sideValue(id, topBefore, head.tick, _earned(id, until));
        cash = BoxMath.cashDown(quantity, BoxMath.payoff(id, topBefore + topAfter, head.tick, value));
        rest = BoxMath.restrike(id, until, topAfter, head.tick, value);
    }

    /* CASH */

    function _setReserve(uint32 index, uint256 reserve) private {
        require(reserve <= type(uint96).max, ReserveTooLarge(reserve, type(uint96).max));
        // Safe because it was checked above.
        // forge-lint: disable-next-line(unsafe-typecast)
        _indices[index].head.reserve = uint96(reserve);
    }

    function _takeExactly(IERC20 token, uint256 amount) private {
        uint256 expected = token.balanceOf(address(this)) + amount;
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 balance = token.balanceOf(address(this));
        require(balance == expected, DepositNotExact(balance, expected));
    }

    /// @dev Some tokens refuse to move nothing; a position worth nothing can be burned all the same.
    function _give(IERC20 token, address to, uint256 amount) private {
        if (amount > 0) token.safeTransfer(to, amount);
    }

    /* LOCK */

    function _requireOutside() private view {
        require(_entered == 0, Reentered());
    }

    function _enter() private {
        _requireOutside();
        _entered = 1;
    }

    function _leave() private {
        _entered = 0;
    }
}
