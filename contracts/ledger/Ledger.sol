// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFacade} from "../interfaces/IFacade.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IRewardSource} from "../interfaces/IRewardSource.sol";
import {BoxName} from "../libraries/BoxName.sol";
import {FacadeClones} from "../libraries/FacadeClones.sol";
import {BoxId, Boxes} from "../types/BoxId.sol";
import {Facade} from "./Facade.sol";
import {IERC6909Metadata, IERC6909TokenSupply} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Ledger
/// @dev Let r_k(d) be what component k earned on day d, clamped to its cap c_k, and
///
///          I_k(e) = Σ_{d<e} r_k(d)        I_M = Σ_{k∈M} I_k        c_M = Σ_{k∈M} c_k        T = c_M·(e−s)
///          X = I_M(e) − I_M(s) for LONG,  T − (I_M(e) − I_M(s)) for SHORT           so 0 ≤ X ≤ T
///          π = clamp(X, lo, hi) − lo,     and quantity q is worth ⌊q·π / 1e36⌋.
///
///      LONG [lo,hi) and SHORT [T−hi,T−lo) are each other's mirror: whatever the index does, their payoffs add up to
///      hi − lo. `escrow` takes ⌈q·(hi−lo)⌉ and creates both, `merge` burns both and gives ⌊q·(hi−lo)⌋, `redeem` burns
///      one and gives ⌊q·π⌋. Each takes from the reserve at most what it takes from the claims on it, hence, by
///      induction, for every index and every future of it: reserve·1e36 ≥ Σ q·π over all holdings. There is no
///      price, no oracle's honesty, no order of calls in this proof; only that an index, once stored, never changes.
///
///      Nothing may stop a live position from being paid. Therefore a box is refused at creation (`EndsTooLate`) if
///      the prefix sums, were every day at its cap, could outgrow their 128 bits before its end: `poke` cannot overflow
///      up to the end of any box that exists. The same bound makes T < 2^128, so q·π < 2^256.
///
///      Assumes of a reward token that transfers move exactly what they say and balances change by transfers alone;
///      a token that breaks this harms its own indices only. A source harms its own index only, and cannot make it
///      insolvent.
contract Ledger is ILedger, ERC6909 {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    uint256 private constant MAX_COMPONENTS = 8;
    /// @dev 1e18 for the scale of index values times 1e18 for the scale of quantities.
    uint256 private constant VALUE_SCALE = 1e36;

    /// @dev An escrow reads the first two slots and writes the second.
    struct Index {
        address token;
        uint24 firstEpoch;
        uint8 components;
        uint64 tick;
        uint104 reserve;
        uint24 pokedUntil;
        uint64 cap0;
        uint64 cap1;
        address source;
        uint32 network;
        bytes32 name;
        bytes32 unit;
        uint64[6] moreCaps;
    }

    /// @dev Two neighbouring components.
    struct PrefixPair {
        uint128 even;
        uint128 odd;
    }

    /// @dev A box and its mirror. What was issued is for others to see; no payoff depends on it.
    struct Issue {
        uint120 longSupply;
        bool longHasFacade;
        uint120 shortSupply;
        bool shortHasFacade;
    }

    Facade private immutable FACADE;

    /// @inheritdoc ILedger
    uint32 public indexCount;

    bool private transient _entered;

    mapping(uint32 index => Index) private _indices;
    mapping(uint32 index => mapping(uint24 epoch => mapping(uint256 pair => PrefixPair))) private _prefixSums;
    mapping(BoxId long => Issue) private _issues;

    constructor() {
        FACADE = new Facade();
    }

    /* INDICES */

    /// @inheritdoc ILedger
    function register(IndexTerms calldata terms) external returns (uint32 index) {
        uint256 components = terms.caps.length;
        require(terms.token.code.length > 0, TokenHasNoCode(terms.token));
        require(terms.source.code.length > 0, SourceHasNoCode(terms.source));
        require(
            components > 0 && components <= MAX_COMPONENTS,
            ComponentCountOutOfRange(components, MAX_COMPONENTS)
        );
        require(terms.tick > 0, TickZero());
        for (uint256 k = 0; k < components; k++) {
            require(terms.caps[k] > 0, CapZero(k));
        }

        index = ++indexCount;
        Index storage stored = _indices[index];
        stored.token = terms.token;
        stored.firstEpoch = terms.firstEpoch;
        stored.components = components.toUint8();
        stored.tick = terms.tick;
        stored.pokedUntil = terms.firstEpoch;
        stored.source = terms.source;
        stored.network = terms.network;
        stored.name = terms.name;
        stored.unit = terms.unit;
        stored.cap0 = terms.caps[0];
        if (components > 1) stored.cap1 = terms.caps[1];
        for (uint256 k = 2; k < components; k++) {
            stored.moreCaps[k - 2] = terms.caps[k];
        }

        emit IndexRegistered(index, terms.token, terms.source, terms);
    }

    /// @inheritdoc ILedger
    /// @dev The source is called before state changes, because its answer is the change; it is called statically.
    function poke(uint32 index) external returns (uint24 day) {
        Index storage stored = _index(index);
        day = stored.pokedUntil;
        uint256[] memory rewards = IRewardSource(stored.source).settledReward(stored.network, day);
        require(rewards.length == stored.components, WrongRewardCount(rewards.length, stored.components));

        for (uint256 k = 0; k < rewards.length; k++) {
            rewards[k] = Math.min(rewards[k], uint256(_cap(stored, k)) * stored.tick);
        }
        for (uint256 k = 0; k < rewards.length; k += 2) {
            PrefixPair storage before = _prefixSums[index][day][k / 2];
            uint256 odd = k + 1 < rewards.length ? rewards[k + 1] : 0;
            _prefixSums[index][day + 1][k / 2] =
                PrefixPair((before.even + rewards[k]).toUint128(), (before.odd + odd).toUint128());
        }
        stored.pokedUntil = day + 1;

        emit Poked(index, day, rewards);
    }

    /* POSITIONS */

    /// @inheritdoc ILedger
    function escrow(BoxId long, uint128 quantity, address longTo, address shortTo)
        external
        returns (uint256 cash)
    {
        _enter();
        (Index storage index, uint256 topTicks) = _requireLong(long);
        require(quantity > 0, QuantityZero());
        cash = _widthUp(index, long, topTicks, quantity);
        uint256 reserve = index.reserve + cash;
        require(reserve <= type(uint104).max, ReserveTooLarge(reserve, type(uint104).max));

        index.reserve = reserve.toUint104();
        _mint(longTo, BoxId.unwrap(long), quantity);
        _mint(shortTo, BoxId.unwrap(_mirror(long, topTicks)), quantity);

        emit Escrowed(long, msg.sender, quantity, cash);

        _takeExactly(IERC20(index.token), cash);
        _leave();
    }

    /// @inheritdoc ILedger
    function merge(BoxId long, uint128 quantity, address to) external returns (uint256 cash) {
        _enter();
        (Index storage index, uint256 topTicks) = _requireLong(long);
        require(quantity > 0, QuantityZero());
        cash = _widthDown(index, long, topTicks, quantity);

        _burn(msg.sender, BoxId.unwrap(long), quantity);
        _burn(msg.sender, BoxId.unwrap(_mirror(long, topTicks)), quantity);
        index.reserve -= cash.toUint104();

        emit Merged(long, msg.sender, quantity, cash);

        _give(IERC20(index.token), to, cash);
        _leave();
    }

    /// @inheritdoc ILedger
    function redeem(BoxId id, uint128 quantity, address to) external returns (uint256 cash) {
        _enter();
        (Index storage index, uint256 topTicks) = _requireCanonical(id);
        require(quantity > 0, QuantityZero());
        cash = _payoutDown(index, id, topTicks, quantity);

        _burn(msg.sender, BoxId.unwrap(id), quantity);
        index.reserve -= cash.toUint104();

        emit Redeemed(id, msg.sender, quantity, cash);

        _give(IERC20(index.token), to, cash);
        _leave();
    }

    /* FACADES */

    /// @inheritdoc ILedger
    function deployFacade(BoxId id) external returns (address facade) {
        (, uint256 topTicks) = _requireCanonical(id);
        Issue storage issue = _issues[id.isShort() ? _mirror(id, topTicks) : id];
        bool exists = id.isShort() ? issue.shortHasFacade : issue.longHasFacade;
        require(!exists, FacadeExists(facadeOf(id)));

        if (id.isShort()) issue.shortHasFacade = true;
        else issue.longHasFacade = true;
        facade = FacadeClones.deploy(address(FACADE), id);

        emit FacadeDeployed(id, facade);
    }

    /// @inheritdoc ILedger
    /// @dev Only the code that `deployFacade` put there can call from the derived address.
    function transferByFacade(BoxId id, address from, address to, uint256 amount) external {
        require(msg.sender == facadeOf(id), NotFacade(msg.sender, facadeOf(id)));

        // Past our own `_update`: the facade emits its event itself.
        super._update(from, to, BoxId.unwrap(id), amount);
    }

    /* PREVIEWS */

    /// @inheritdoc ILedger
    function previewEscrow(BoxId long, uint128 quantity) external view returns (uint256 cash) {
        (Index storage index, uint256 topTicks) = _requireLong(long);
        return _widthUp(index, long, topTicks, quantity);
    }

    /// @inheritdoc ILedger
    function previewMerge(BoxId long, uint128 quantity) external view returns (uint256 cash) {
        (Index storage index, uint256 topTicks) = _requireLong(long);
        return _widthDown(index, long, topTicks, quantity);
    }

    /// @inheritdoc ILedger
    function previewRedeem(BoxId id, uint128 quantity) external view returns (uint256 cash) {
        (Index storage index, uint256 topTicks) = _requireCanonical(id);
        return _payoutDown(index, id, topTicks, quantity);
    }

    /* VIEWS */

    /// @inheritdoc ILedger
    function mirrorOf(BoxId id) external view returns (BoxId) {
        (, uint256 topTicks) = _requireCanonical(id);
        return _mirror(id, topTicks);
    }

    /// @inheritdoc ILedger
    function topTicksOf(BoxId id) external view returns (uint256 topTicks) {
        (, topTicks) = _requireCanonical(id);
    }

    /// @inheritdoc ILedger
    function termsOf(uint32 index) external view returns (IndexTerms memory) {
        Index storage stored = _index(index);
        uint64[] memory caps = new uint64[](stored.components);
        for (uint256 k = 0; k < caps.length; k++) {
            caps[k] = _cap(stored, k);
        }
        return IndexTerms({
            name: stored.name,
            unit: stored.unit,
            token: stored.token,
            source: stored.source,
            network: stored.network,
            firstEpoch: stored.firstEpoch,
            tick: stored.tick,
            caps: caps
        });
    }

    /// @inheritdoc ILedger
    function pokedUntil(uint32 index) external view returns (uint24) {
        return _index(index).pokedUntil;
    }

    /// @inheritdoc ILedger
    function prefixSum(uint32 index, uint8 component, uint24 epoch) external view returns (uint256) {
        Index storage stored = _index(index);
        require(component < stored.components, ComponentOutside(component, stored.components));
        require(
            epoch >= stored.firstEpoch && epoch <= stored.pokedUntil,
            EpochOutsideIndex(epoch, stored.firstEpoch, stored.pokedUntil)
        );
        return _sumOf(index, uint256(1) << component, epoch);
    }

    /// @inheritdoc ILedger
    function reserveOf(uint32 index) external view returns (uint256) {
        return _index(index).reserve;
    }

    /// @inheritdoc ILedger
    function facadeOf(BoxId id) public view returns (address) {
        return FacadeClones.addressOf(address(FACADE), id);
    }

    /// @inheritdoc ILedger
    function hasFacade(BoxId id) external view returns (bool) {
        Issue storage issue = _issueOf(id);
        return id.isShort() ? issue.shortHasFacade : issue.longHasFacade;
    }

    /// @inheritdoc IERC6909TokenSupply
    function totalSupply(uint256 id) external view returns (uint256) {
        BoxId box = BoxId.wrap(id);
        Issue storage issue = _issueOf(box);
        return box.isShort() ? issue.shortSupply : issue.longSupply;
    }

    /// @inheritdoc IERC6909Metadata
    function name(uint256 id) external view returns (string memory) {
        (Index storage index,) = _requireCanonical(BoxId.wrap(id));
        return BoxName.nameOf(BoxId.wrap(id), index.name);
    }

    /// @inheritdoc IERC6909Metadata
    function symbol(uint256 id) external view returns (string memory) {
        (Index storage index,) = _requireCanonical(BoxId.wrap(id));
        return BoxName.symbolOf(BoxId.wrap(id), index.name);
    }

    /// @inheritdoc IERC6909Metadata
    function decimals(uint256) external pure returns (uint8) {
        return 18;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC6909, IERC165) returns (bool) {
        return interfaceId == type(IERC6909Metadata).interfaceId
            || interfaceId == type(IERC6909TokenSupply).interfaceId || super.supportsInterface(interfaceId);
    }

    /* BOXES */

    function _index(uint32 number) private view returns (Index storage index) {
        index = _indices[number];
        require(index.components > 0, NoSuchIndex(number, indexCount));
    }

    function _cap(Index storage index, uint256 component) private view returns (uint64) {
        if (component == 0) return index.cap0;
        if (component == 1) return index.cap1;
        return index.moreCaps[component - 2];
    }

    /// @dev At most 8 caps below 2^64 each.
    function _capsOf(Index storage index, uint256 mask) private view returns (uint256 sum) {
        for (uint256 k = 0; mask != 0; k++) {
            if (mask & 1 != 0) sum += _cap(index, k);
            mask >>= 1;
        }
    }

    /// @dev Every id that anybody holds passed here when it was created.
    function _requireCanonical(BoxId id) private view returns (Index storage index, uint256 topTicks) {
        require(id.isWellFormed(), MalformedId(id));
        index = _index(id.index());
        uint24 start = id.start();
        uint24 end = id.end();
        uint8 components = index.components;
        require(id.mask() != 0 && id.mask() >> components == 0, MaskOutside(id.mask(), components));
        require(start >= index.firstEpoch, StartsBeforeIndex(start, index.firstEpoch));
        require(start < end, IntervalEmpty(start, end));

        topTicks = _capsOf(index, id.mask()) * (end - start);
        require(topTicks < Boxes.MAX_STRIKE, TopTooManyTicks(topTicks, Boxes.MAX_STRIKE - 1));
        uint256 worst = _capsOf(index, uint256(2) ** components - 1) * index.tick * (end - index.firstEpoch);
        require(worst <= type(uint128).max, EndsTooLate(end, worst, type(uint128).max));

        require(id.lo() < id.hi(), StrikesEmpty(id.lo(), id.hi()));
        require(id.lo() < topTicks, FloorAboveTop(id.lo(), topTicks));
        bool canonical = id.hi() < topTicks || id.hi() == Boxes.MAX_STRIKE;
        require(canonical, NotCanonical(id, id.withSideAndStrikes(id.isShort(), id.lo(), Boxes.MAX_STRIKE)));
    }

    function _requireLong(BoxId id) private view returns (Index storage index, uint256 topTicks) {
        require(!id.isShort(), NotLong(id));
        return _requireCanonical(id);
    }

    function _ceilingTicks(BoxId id, uint256 topTicks) private pure returns (uint256) {
        return id.hi() == Boxes.MAX_STRIKE ? topTicks : id.hi();
    }

    /// @dev Of a canonical box; the mirror is canonical too, and its mirror is the box.
    function _mirror(BoxId id, uint256 topTicks) private pure returns (BoxId) {
        uint64 lo = (topTicks - _ceilingTicks(id, topTicks)).toUint64();
        uint64 hi = id.lo() == 0 ? Boxes.MAX_STRIKE : (topTicks - id.lo()).toUint64();
        return id.withSideAndStrikes(!id.isShort(), lo, hi);
    }

    /* VALUE */

    function _sumOf(uint32 index, uint256 mask, uint24 epoch) private view returns (uint256 sum) {
        for (uint256 pair = 0; mask != 0; pair++) {
            PrefixPair storage stored = _prefixSums[index][epoch][pair];
            if (mask & 1 != 0) sum += stored.even;
            if (mask & 2 != 0) sum += stored.odd;
            mask >>= 2;
        }
    }

    function _width(Index storage index, BoxId id, uint256 topTicks) private view returns (uint256) {
        return (_ceilingTicks(id, topTicks) - id.lo()) * index.tick;
    }

    /// @dev Rounds up: the reserve is owed the fraction.
    function _widthUp(Index storage index, BoxId id, uint256 topTicks, uint128 quantity)
        private
        view
        returns (uint256)
    {
        return Math.ceilDiv(quantity * _width(index, id, topTicks), VALUE_SCALE);
    }

    /// @dev Rounds down: the reserve keeps the fraction.
    function _widthDown(Index storage index, BoxId id, uint256 topTicks, uint128 quantity)
        private
        view
        returns (uint256)
    {
        return quantity * _width(index, id, topTicks) / VALUE_SCALE;
    }

    /// @dev Rounds down: the reserve keeps the fraction.
    function _payoutDown(Index storage index, BoxId id, uint256 topTicks, uint128 quantity)
        private
        view
        returns (uint256)
    {
        require(id.end() <= index.pokedUntil, NotMatured(id.end(), index.pokedUntil));
        uint256 tick = index.tick;
        uint256 earned = _sumOf(id.index(), id.mask(), id.end()) - _sumOf(id.index(), id.mask(), id.start());
        uint256 value = id.isShort() ? topTicks * tick - earned : earned;
        uint256 floor = id.lo() * tick;
        uint256 ceiling = _ceilingTicks(id, topTicks) * tick;
        uint256 payoff = Math.min(Math.max(value, floor), ceiling) - floor;
        return quantity * payoff / VALUE_SCALE;
    }

    /* TOKENS */

    function _issueOf(BoxId id) private view returns (Issue storage) {
        if (!id.isShort()) return _issues[id];
        return _issues[_mirror(id, _capsOf(_indices[id.index()], id.mask()) * (id.end() - id.start()))];
    }

    /// @dev Keeps the supply, and lets the facade tell what happened.
    function _update(address from, address to, uint256 id, uint256 amount) internal override {
        super._update(from, to, id, amount);
        // What follows may trust the id: whoever moves some of it has some, or creates it after it was checked.
        if (amount == 0) return;

        BoxId box = BoxId.wrap(id);
        Issue storage issue = _issueOf(box);
        if (from == address(0)) _setSupply(issue, box.isShort(), _supply(issue, box.isShort()) + amount);
        if (to == address(0)) _setSupply(issue, box.isShort(), _supply(issue, box.isShort()) - amount);
        if (box.isShort() ? issue.shortHasFacade : issue.longHasFacade) {
            IFacade(facadeOf(box)).recordTransfer(from, to, amount);
        }
    }

    function _supply(Issue storage issue, bool isShort) private view returns (uint256) {
        return isShort ? issue.shortSupply : issue.longSupply;
    }

    function _setSupply(Issue storage issue, bool isShort, uint256 supply) private {
        require(supply <= type(uint120).max, SupplyTooLarge(supply, type(uint120).max));
        if (isShort) issue.shortSupply = supply.toUint120();
        else issue.longSupply = supply.toUint120();
    }

    function _takeExactly(IERC20 token, uint256 amount) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = Math.saturatingSub(token.balanceOf(address(this)), before);
        require(received == amount, DepositNotExact(received, amount));
    }

    /// @dev Some tokens refuse to move nothing; a position worth nothing can be burned all the same.
    function _give(IERC20 token, address to, uint256 amount) private {
        if (amount > 0) token.safeTransfer(to, amount);
    }

    /* LOCK */

    function _enter() private {
        require(!_entered, Reentered());
        _entered = true;
    }

    function _leave() private {
        _entered = false;
    }
}
