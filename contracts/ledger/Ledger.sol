// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {BoxId, Boxes} from "../types/BoxId.sol";
import {Fixed, IndexWords, Moving} from "../types/IndexWords.sol";
import {BoxMath} from "./BoxMath.sol";
import {Positions} from "./Positions.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

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

    /// @dev 1 while a deposit is measured. Not a bool: that would be read again when written.
    uint256 private transient _entered;

    /* CASH AND BOTH SIDES */

    /// @inheritdoc ILedger
    function escrow(BoxId long, uint128 quantity, address longTo, address shortTo)
        external
        returns (uint256 cash)
    {
        _enter();
        require(!long.isShort(), NotLong(long));
        (Index storage stored, Moving moving) = _indexOf(long.index());
        uint256 top = _topIn(stored, moving, long);
        bool isNew = _createPair(long, BoxMath.mirror(long, top), quantity, longTo, shortTo);
        if (isNew) _requireCanonical(stored, moving, top, long);

        Fixed terms = stored.fixed_;
        cash = BoxMath.cashUp(quantity, BoxMath.width(long, top, terms.tick()));
        _addToReserve(stored, moving, cash);

        emit Escrowed(long, cash);

        _takeExactly(IERC20(terms.token()), cash);
        _entered = 0;
    }

    /// @inheritdoc ILedger
    function merge(BoxId long, uint128 quantity, address to) external returns (uint256 cash) {
        _requireOutside();
        (Index storage stored, Moving moving, uint256 top) = _requireLong(long);
        Fixed terms = stored.fixed_;
        _destroy(long, quantity);
        _destroy(BoxMath.mirror(long, top), quantity);
        cash = BoxMath.cashDown(quantity, BoxMath.width(long, top, terms.tick()));
        _payFromReserve(stored, moving, cash);

        emit Merged(long, cash);

        _give(IERC20(terms.token()), to, cash);
    }

    /* CUTS */

    /// @inheritdoc ILedger
    /// @dev A part of which some is out there was checked then; only of a new one it is asked whether a cut by value lies
    ///      below the top.
    function split(BoxId whole, Axis axis, uint64 at, uint128 quantity)
        external
        returns (BoxId first, BoxId second)
    {
        _destroy(whole, quantity);
        (first, second) = axis == Axis.Value ? _cutValue(whole, at) : _cutFull(whole, axis, at);
        _create(first, quantity);
        if (_create(second, quantity) && axis == Axis.Value) _requireBelowTop(whole, at);
    }

    /// @inheritdoc ILedger
    function join(BoxId whole, Axis axis, uint64 at, uint128 quantity)
        external
        returns (BoxId first, BoxId second)
    {
        (first, second) = partsOf(whole, axis, at);
        _destroy(first, quantity);
        _destroy(second, quantity);
        _create(whole, quantity);
    }

    /* WHAT IS CERTAIN, INTO CASH */

    /// @inheritdoc ILedger
    function realise(BoxId id, uint24 until, uint128 quantity, address to)
        external
        returns (uint256 cash, BoxId rest)
    {
        _requireOutside();
        _destroy(id, quantity);
        (Index storage stored, Moving moving) = _indexOf(id.index());
        (cash, rest) = _realised(stored, moving, id, until, quantity);

        _payFromReserve(stored, moving, cash);
        if (rest != BoxMath.NONE) _create(rest, quantity);

        emit Realised(id, until, cash, rest);

        _give(IERC20(stored.fixed_.token()), to, cash);
    }

    /// @inheritdoc ILedger
    function redeem(BoxId id, uint128 quantity, address to) external returns (uint256 cash) {
        _requireOutside();
        _destroy(id, quantity);
        (Index storage stored, Moving moving) = _indexOf(id.index());
        Fixed terms = stored.fixed_;
        cash = _redeemed(stored, moving, terms.tick(), id, quantity);
        _payFromReserve(stored, moving, cash);

        emit Redeemed(id, cash);

        _give(IERC20(terms.token()), to, cash);
    }

    /// @inheritdoc ILedger
    function redeemMany(BoxId[] calldata ids, uint128[] calldata quantities, address to)
        external
        returns (uint256 cash)
    {
        _requireOutside();
        require(
            ids.length == quantities.length && ids.length > 0, LengthsDiffer(ids.length, quantities.length)
        );
        uint32 index = ids[0].index();
        (Index storage stored, Moving moving) = _indexOf(index);
        for (uint256 i = 0; i < ids.length; i++) {
            require(ids[i].index() == index, IndicesDiffer(index, ids[i].index()));
            _destroy(ids[i], quantities[i]);
            uint256 paid = _redeemed(stored, moving, stored.fixed_.tick(), ids[i], quantities[i]);
            cash += paid;
            emit Redeemed(ids[i], paid);
        }
        _payFromReserve(stored, moving, cash);

        _give(IERC20(stored.fixed_.token()), to, cash);
    }

    /* PREVIEWS */

    /// @inheritdoc ILedger
    function previewEscrow(BoxId long, uint128 quantity) external view returns (uint256 cash) {
        (Index storage stored,, uint256 top) = _requireLong(long);
        return BoxMath.cashUp(quantity, BoxMath.width(long, top, stored.fixed_.tick()));
    }

    /// @inheritdoc ILedger
    function previewMerge(BoxId long, uint128 quantity) external view returns (uint256 cash) {
        (Index storage stored,, uint256 top) = _requireLong(long);
        return BoxMath.cashDown(quantity, BoxMath.width(long, top, stored.fixed_.tick()));
    }

    /// @inheritdoc ILedger
    function partsOf(BoxId whole, Axis axis, uint64 at) public view returns (BoxId first, BoxId second) {
        _requireCanonical(whole);
        (first, second) = axis == Axis.Value ? _cutValue(whole, at) : _cutFull(whole, axis, at);
        if (axis == Axis.Value) _requireBelowTop(whole, at);
    }

    /// @inheritdoc ILedger
    function previewRealise(BoxId id, uint24 until, uint128 quantity)
        external
        view
        returns (uint256 cash, BoxId rest)
    {
        (Index storage stored, Moving moving,) = _requireCanonical(id);
        return _realised(stored, moving, id, until, quantity);
    }

    /// @inheritdoc ILedger
    function previewRedeem(BoxId id, uint128 quantity) external view returns (uint256 cash) {
        (Index storage stored, Moving moving,) = _requireCanonical(id);
        return _redeemed(stored, moving, stored.fixed_.tick(), id, quantity);
    }

    /* VIEWS */

    /// @inheritdoc ILedger
    function payoffOf(BoxId id, uint256 earned) external view returns (uint256 value) {
        (Index storage stored,, uint256 top) = _requireCanonical(id);
        uint256 tick = stored.fixed_.tick();
        require(earned <= top * tick, EarnedAboveTop(earned, top * tick));
        return BoxMath.payoff(id, tick, BoxMath.sideValue(id, top, tick, earned));
    }

    /// @inheritdoc ILedger
    function boundsOf(BoxId id) external view returns (uint256 least, uint256 most) {
        (Index storage stored, Moving moving, uint256 top) = _requireCanonical(id);
        uint256 tick = stored.fixed_.tick();
        uint24 known = _lastKnown(moving, id);
        uint256 sum = 0;
        uint256 openTop = top;
        if (known > id.start()) {
            sum = _earned(id.index(), id.mask(), id.start(), known);
            openTop = _capsOf(stored, moving, id.mask()) * (id.end() - known);
        }
        uint256 value = BoxMath.sideValue(id, top - openTop, tick, sum);
        least = BoxMath.payoff(id, tick, value);
        most = BoxMath.payoff(id, tick, value + openTop * tick);
    }

    /// @inheritdoc ILedger
    function mirrorOf(BoxId id) external view returns (BoxId) {
        (,, uint256 top) = _requireCanonical(id);
        return BoxMath.mirror(id, top);
    }

    /// @inheritdoc ILedger
    function topTicksOf(BoxId id) external view returns (uint256 top) {
        (,, top) = _requireCanonical(id);
    }

    /* BOXES */

    function _requireLong(BoxId id) private view returns (Index storage stored, Moving moving, uint256 top) {
        require(!id.isShort(), NotLong(id));
        return _requireCanonical(id);
    }

    /// @dev A LONG of which some is out there passed the checks when it was created.
    function _requireCanonical(BoxId id)
        internal
        view
        override
        returns (Index storage stored, Moving moving, uint256 top)
    {
        (stored, moving) = _indexOf(id.index());
        top = _topIn(stored, moving, id);
        if (id.isShort() || !_isIssued(id)) _requireCanonical(stored, moving, top, id);
    }

    function _requireCanonical(Index storage stored, Moving moving, uint256 top, BoxId id) private view {
        require(id.isWellFormed(), MalformedId(id));
        _requireInterval(stored, moving, top, id);
        if (!id.isFull()) _requireStrikes(top, id);
    }

    function _requireInterval(Index storage stored, Moving moving, uint256 top, BoxId id) private view {
        Fixed terms = stored.fixed_;
        (uint8 mask, uint8 components) = (id.mask(), moving.components());
        require(mask != 0 && mask >> components == 0, MaskOutside(mask, components));
        (uint256 start, uint256 end, uint256 firstEpoch) = (id.start(), id.end(), terms.firstEpoch());
        require(start >= firstEpoch, StartsBeforeIndex(start, firstEpoch));
        require(start < end, IntervalEmpty(start, end));
        require(top < Boxes.MAX_STRIKE, TopTooManyTicks(top, Boxes.MAX_STRIKE - 1));
        // Safe because caps sum up to less than 2^67, the interval is below 2^24, and the tick below 2^64.
        unchecked {
            uint256 caps = _capsOf(stored, moving, type(uint8).max >> (MAX_COMPONENTS - components));
            uint256 worst = caps * (end - firstEpoch) * terms.tick();
            require(worst <= type(uint128).max, EndsTooLate(end, worst, type(uint128).max));
        }
    }

    function _requireStrikes(uint256 top, BoxId id) private pure {
        (uint256 lo, uint256 hi) = (id.lo(), id.hi());
        require(lo < hi, StrikesEmpty(lo, hi));
        require(lo < top, FloorAboveTop(lo, top));
        require(hi < top || hi == Boxes.MAX_STRIKE, NotCanonical(id, top));
    }

    // What the cuts make of a canonical box is canonical too, but for a cut by value at or above the top.

    function _cutFull(BoxId whole, Axis axis, uint64 at) private pure returns (BoxId first, BoxId second) {
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

    function _cutValue(BoxId whole, uint64 at) private pure returns (BoxId first, BoxId second) {
        (uint256 lo, uint256 hi) = (whole.lo(), whole.hi());
        require(at > lo && at < hi, CutOutsideStrikes(at, lo, hi));
        return (whole.withHi(at), whole.withLo(at));
    }

    /// @dev Where the ceiling is a strike, a cut below it is below the top.
    function _requireBelowTop(BoxId whole, uint64 at) private view {
        if (whole.hi() != Boxes.MAX_STRIKE) return;
        Index storage stored = _indices[whole.index()];
        uint256 top = _topIn(stored, stored.moving, whole);
        // Not `require`, which would look up the floor although all is well.
        if (at >= top) revert CutOutsideStrikes(at, whole.lo(), top);
    }

    /* VALUE */

    function _lastKnown(Moving moving, BoxId id) private pure returns (uint24) {
        return id.end() < moving.pokedUntil() ? id.end() : moving.pokedUntil();
    }

    function _redeemed(Index storage stored, Moving moving, uint256 tick, BoxId id, uint128 quantity)
        private
        view
        returns (uint256 cash)
    {
        (uint24 end, uint24 known) = (id.end(), moving.pokedUntil());
        require(end <= known, NotMatured(end, known));
        uint256 value = _valueUntil(stored, moving, tick, id, end);
        return BoxMath.cashDown(quantity, BoxMath.payoff(id, tick, value));
    }

    function _realised(Index storage stored, Moving moving, BoxId id, uint24 until, uint128 quantity)
        private
        view
        returns (uint256 cash, BoxId rest)
    {
        _requireCertain(moving, id, until);
        uint256 tick = stored.fixed_.tick();
        uint256 value = _valueUntil(stored, moving, tick, id, until);
        cash = BoxMath.cashDown(quantity, BoxMath.payoff(id, tick, value));
        rest = BoxMath.restrike(id, until, _topIn(stored, moving, id.withStart(until)), tick, value);
    }

    /// @dev X over the part of the interval before `until`, all of which is known.
    function _valueUntil(Index storage stored, Moving moving, uint256 tick, BoxId id, uint24 until)
        private
        view
        returns (uint256 value)
    {
        value = _earned(id.index(), id.mask(), id.start(), until);
        if (!id.isShort()) return value;
        return BoxMath.sideValue(id, _topIn(stored, moving, id.withEnd(until)), tick, value);
    }

    function _requireCertain(Moving moving, BoxId id, uint24 until) private pure {
        (uint24 start, uint24 last) = (id.start(), _lastKnown(moving, id));
        require(until > start && until <= last, RealisedOutside(until, start, last));
    }

    /* CASH */

    function _addToReserve(Index storage stored, Moving moving, uint256 cash) private {
        // Safe because both are below 2^129.
        unchecked {
            uint256 reserve = moving.reserve() + cash;
            require(reserve <= IndexWords.MAX_RESERVE, ReserveTooLarge(reserve, IndexWords.MAX_RESERVE));
            stored.moving = moving.withReserve(reserve);
        }
    }

    /// @dev Checked, although the reserve always suffices.
    function _payFromReserve(Index storage stored, Moving moving, uint256 cash) private {
        stored.moving = moving.withReserve(moving.reserve() - cash);
    }

    function _takeExactly(IERC20 token, uint256 amount) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 balance = token.balanceOf(address(this));
        // Safe because a token that says it is near 2^256 harms itself alone.
        unchecked {
            require(balance == before + amount, DepositNotExact(balance, before + amount));
        }
    }

    /// @dev Some tokens refuse to move nothing; a position worth nothing can be burned all the same.
    function _give(IERC20 token, address to, uint256 amount) private {
        if (amount > 0) token.safeTransfer(to, amount);
    }

    /* LOCK */

    /// @dev Set while a deposit is measured. A payment needs none: it ends its verb, and whatever the token then calls finds
    ///      everything done.
    function _enter() private {
        _requireOutside();
        _entered = 1;
    }

    function _requireOutside() private view {
        require(_entered == 0, Reentered());
    }
}
