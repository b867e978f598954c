// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFacade} from "../interfaces/IFacade.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IRewardSource} from "../interfaces/IRewardSource.sol";
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

    uint256 private constant SUPPLY_BITS = 120;
    uint256 private constant MAX_SUPPLY = type(uint120).max;
    uint256 private constant SHORT_SHIFT = 128;
    uint256 private constant FACADE_FLAGS = (1 << 120) | (1 << 248);

    /// @dev What every entry point needs, in two slots. Only `reserve` and `pokedUntil` ever change.
    struct Head {
        address token;
        uint24 firstEpoch;
        uint8 components;
        uint64 tick;
        uint104 reserve;
        uint24 pokedUntil;
        uint64 cap0;
        uint64 cap1;
    }

    struct Index {
        Head head;
        uint64[6] moreCaps;
        address source;
        uint32 network;
        bytes32 name;
        bytes32 unit;
    }

    /// @dev Two neighbouring components.
    struct PrefixPair {
        uint128 even;
        uint128 odd;
    }

    Facade private immutable FACADE;

    /// @inheritdoc ILedger
    uint32 public indexCount;

    /// @dev 1 while cash moves. Not a bool: that would be read again when written.
    uint256 private transient _entered;

    mapping(uint32 index => Index) private _indices;
    mapping(uint256 key => PrefixPair) private _prefixSums;
    /// @dev Of a box and its mirror, least significant bit first: long supply 120, long has a facade 8, short supply 120,
    ///      short has a facade 8. For others to see; no payoff depends on it.
    mapping(BoxId long => uint256) private _issues;

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
        stored.head = Head({
            token: terms.token,
            firstEpoch: terms.firstEpoch,
            components: components.toUint8(),
            tick: terms.tick,
            reserve: 0,
            pokedUntil: terms.firstEpoch,
            cap0: terms.caps[0],
            cap1: components > 1 ? terms.caps[1] : 0
        });
        for (uint256 k = 2; k < components; k++) {
            stored.moreCaps[k - 2] = terms.caps[k];
        }
        stored.source = terms.source;
        stored.network = terms.network;
        stored.name = terms.name;
        stored.unit = terms.unit;

        emit IndexRegistered(index, terms.token, terms.source, terms);
    }

    /// @inheritdoc ILedger
    /// @dev The source is called before state changes, because its answer is the change; it is called statically.
    function poke(uint32 index) external returns (uint24 day) {
        Index storage stored = _indices[index];
        Head memory head = _headOf(index);
        day = head.pokedUntil;
        uint256[] memory rewards = IRewardSource(stored.source).settledReward(stored.network, day);
        require(rewards.length == head.components, WrongRewardCount(rewards.length, head.components));

        for (uint256 k = 0; k < rewards.length; k++) {
            rewards[k] = Math.min(rewards[k], _capOf(stored, head, k) * head.tick);
        }
        for (uint256 k = 0; k < rewards.length; k += 2) {
            PrefixPair memory sums = _prefixSums[_keyOf(index, day, k / 2)];
            sums.even = (sums.even + rewards[k]).toUint128();
            if (k + 1 < rewards.length) sums.odd = (sums.odd + rewards[k + 1]).toUint128();
            _prefixSums[_keyOf(index, day + 1, k / 2)] = sums;
        }
        stored.head.pokedUntil = day + 1;

        emit Poked(index, day, rewards);
    }

    /* POSITIONS */

    /// @inheritdoc ILedger
    function escrow(BoxId long, uint128 quantity, address longTo, address shortTo)
        external
        returns (uint256 cash)
    {
        _enter();
        (Head memory head, uint256 topTicks) = _requireLong(long);
        require(quantity > 0, QuantityZero());
        cash = _widthUp(head, long, topTicks, quantity);
        uint256 reserve = head.reserve + cash;
        require(reserve <= type(uint104).max, ReserveTooLarge(reserve, type(uint104).max));

        // Safe because it was checked above.
        // forge-lint: disable-next-line(unsafe-typecast)
        _indices[long.index()].head.reserve = uint104(reserve);
        _createPair(long, _mirror(long, topTicks), quantity, longTo, shortTo);

        emit Escrowed(long, cash);

        _takeExactly(IERC20(head.token), cash);
        _leave();
    }

    /// @inheritdoc ILedger
    function merge(BoxId long, uint128 quantity, address to) external returns (uint256 cash) {
        _enter();
        (Head memory head, uint256 topTicks) = _requireLong(long);
        require(quantity > 0, QuantityZero());
        cash = _widthDown(head, long, topTicks, quantity);

        _destroy(long, long, quantity);
        _destroy(_mirror(long, topTicks), long, quantity);
        _indices[long.index()].head.reserve = (head.reserve - cash).toUint104();

        emit Merged(long, cash);

        _give(IERC20(head.token), to, cash);
        _leave();
    }

    /// @inheritdoc ILedger
    function redeem(BoxId id, uint128 quantity, address to) external returns (uint256 cash) {
        _enter();
        (Head memory head, uint256 topTicks) = _requireCanonical(id);
        require(quantity > 0, QuantityZero());
        cash = _payoutDown(head, id, topTicks, quantity);

        _destroy(id, id.isShort() ? _mirror(id, topTicks) : id, quantity);
        _indices[id.index()].head.reserve = (head.reserve - cash).toUint104();

        emit Redeemed(id, cash);

        _give(IERC20(head.token), to, cash);
        _leave();
    }

    /* FACADES */

    /// @inheritdoc ILedger
    function deployFacade(BoxId id) external returns (address facade) {
        BoxId long = _longOf(id);
        uint256 issue = _issues[long];
        // What has been issued was checked then. Of a SHORT the mirror is looked up, which says nothing of the id itself.
        if (id.isShort() || issue & MAX_SUPPLY == 0) _requireCanonical(id);
        require(!_hasFacadeIn(issue, id.isShort()), FacadeExists(id));

        _issues[long] = issue | (uint256(1) << (_shiftOf(id.isShort()) + SUPPLY_BITS));
        facade = FacadeClones.deploy(address(FACADE), id);

        emit FacadeDeployed(id);
    }

    /// @inheritdoc ILedger
    /// @dev Only the code that `deployFacade` put there can call from the derived address.
    function transferByFacade(BoxId id, address from, address to, uint256 amount) external {
        address facade = facadeOf(id);
        require(msg.sender == facade, NotFacade(msg.sender, facade));

        // Past our own `_update`: the facade emits its event itself.
        super._update(from, to, BoxId.unwrap(id), amount);
    }

    /* PREVIEWS */

    /// @inheritdoc ILedger
    function previewEscrow(BoxId long, uint128 quantity) external view returns (uint256 cash) {
        (Head memory head, uint256 topTicks) = _requireLong(long);
        return _widthUp(head, long, topTicks, quantity);
    }

    /// @inheritdoc ILedger
    function previewMerge(BoxId long, uint128 quantity) external view returns (uint256 cash) {
        (Head memory head, uint256 topTicks) = _requireLong(long);
        return _widthDown(head, long, topTicks, quantity);
    }

    /// @inheritdoc ILedger
    function previewRedeem(BoxId id, uint128 quantity) external view returns (uint256 cash) {
        (Head memory head, uint256 topTicks) = _requireCanonical(id);
        return _payoutDown(head, id, topTicks, quantity);
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
        Index storage stored = _indices[index];
        Head memory head = _headOf(index);
        uint64[] memory caps = new uint64[](head.components);
        for (uint256 k = 0; k < caps.length; k++) {
            caps[k] = _capOf(stored, head, k).toUint64();
        }
        return IndexTerms({
            name: stored.name,
            unit: stored.unit,
            token: head.token,
            source: stored.source,
            network: stored.network,
            firstEpoch: head.firstEpoch,
            tick: head.tick,
            caps: caps
        });
    }

    /// @inheritdoc ILedger
    function pokedUntil(uint32 index) external view returns (uint24) {
        return _headOf(index).pokedUntil;
    }

    /// @inheritdoc ILedger
    function prefixSum(uint32 index, uint8 component, uint24 epoch) external view returns (uint256) {
        Head memory head = _headOf(index);
        require(component < head.components, ComponentOutside(component, head.components));
        require(
            epoch >= head.firstEpoch && epoch <= head.pokedUntil,
            EpochOutsideIndex(epoch, head.firstEpoch, head.pokedUntil)
        );
        return _sumOf(index, 2 ** uint256(component), epoch);
    }

    /// @inheritdoc ILedger
    function reserveOf(uint32 index) external view returns (uint256) {
        return _headOf(index).reserve;
    }

    /// @inheritdoc ILedger
    function facadeOf(BoxId id) public view returns (address) {
        return FacadeClones.addressOf(address(FACADE), id);
    }

    /// @inheritdoc ILedger
    function hasFacade(BoxId id) external view returns (bool) {
        return _hasFacadeIn(_issues[_longOf(id)], id.isShort());
    }

    /// @inheritdoc IERC6909TokenSupply
    function totalSupply(uint256 id) external view returns (uint256) {
        BoxId box = BoxId.wrap(id);
        return _supplyIn(_issues[_longOf(box)], box.isShort());
    }

    /// @inheritdoc IERC6909Metadata
    function name(uint256 id) external view returns (string memory) {
        _requireCanonical(BoxId.wrap(id));
        return FACADE.nameOf(BoxId.wrap(id), _indices[BoxId.wrap(id).index()].name);
    }

    /// @inheritdoc IERC6909Metadata
    function symbol(uint256 id) external view returns (string memory) {
        _requireCanonical(BoxId.wrap(id));
        return FACADE.symbolOf(BoxId.wrap(id), _indices[BoxId.wrap(id).index()].name);
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

    /// @dev Two reads instead of the eight that Solidity makes of a packed struct: 600 gas of every entry point. The
    ///      casts keep the low bits on purpose; a test holds the layout against the struct.
    function _headOf(uint32 index) private view returns (Head memory head) {
        Head storage stored = _indices[index].head;
        uint256 first;
        uint256 second;
        assembly ("memory-safe") {
            first := sload(stored.slot)
            second := sload(add(stored.slot, 1))
        }
        // forge-lint: disable-start(unsafe-typecast)
        head.token = address(uint160(first));
        head.firstEpoch = uint24(first >> 160);
        head.components = uint8(first >> 184);
        head.tick = uint64(first >> 192);
        head.reserve = uint104(second);
        head.pokedUntil = uint24(second >> 104);
        head.cap0 = uint64(second >> 128);
        head.cap1 = uint64(second >> 192);
        // forge-lint: disable-end(unsafe-typecast)
        require(head.components > 0, NoSuchIndex(index));
    }

    function _capOf(Index storage index, Head memory head, uint256 component) private view returns (uint256) {
        if (component == 0) return head.cap0;
        if (component == 1) return head.cap1;
        return index.moreCaps[component - 2];
    }

    function _capsOf(Index storage index, uint256 cap0, uint256 cap1, uint256 mask)
        private
        view
        returns (uint256 sum)
    {
        // Safe because at most 8 caps below 2^64 are added.
        unchecked {
            if (mask & 1 != 0) sum = cap0;
            if (mask & 2 != 0) sum += cap1;
            mask >>= 2;
            for (uint256 k = 0; mask != 0; k++) {
                if (mask & 1 != 0) sum += index.moreCaps[k];
                mask >>= 1;
            }
        }
    }

    /// @dev Every id that anybody holds passed all of this when it was created. A LONG of which some is out there did,
    ///      so it need not again; it is the id itself that is looked up.
    function _requireCanonical(BoxId id) private view returns (Head memory head, uint256 topTicks) {
        head = _headOf(id.index());
        Index storage index = _indices[id.index()];
        // Safe because caps sum up to less than 2^67, and an interval is below 2^24 or, if it is empty, refused below.
        unchecked {
            topTicks = _capsOf(index, head.cap0, head.cap1, id.mask()) * (uint256(id.end()) - id.start());
        }
        if (!id.isShort() && _issues[id] & MAX_SUPPLY > 0) return (head, topTicks);

        (uint256 start, uint256 end) = (id.start(), id.end());
        require(id.isWellFormed(), MalformedId(id));
        require(id.mask() != 0 && id.mask() >> head.components == 0, MaskOutside(id.mask(), head.components));
        require(start >= head.firstEpoch, StartsBeforeIndex(start, head.firstEpoch));
        require(start < end, IntervalEmpty(start, end));
        require(topTicks < Boxes.MAX_STRIKE, TopTooManyTicks(topTicks, Boxes.MAX_STRIKE - 1));
        uint256 every = head.components > 2 ? type(uint8).max >> (MAX_COMPONENTS - head.components) : 3;
        uint256 worst = _capsOf(index, head.cap0, head.cap1, every) * (end - head.firstEpoch) * head.tick;
        require(worst <= type(uint128).max, EndsTooLate(end, worst, type(uint128).max));
        (uint256 lo, uint256 hi) = (id.lo(), id.hi());
        require(lo < hi, StrikesEmpty(lo, hi));
        require(lo < topTicks, FloorAboveTop(lo, topTicks));
        require(hi < topTicks || hi == Boxes.MAX_STRIKE, NotCanonical(id, topTicks));
    }

    function _requireLong(BoxId id) private view returns (Head memory head, uint256 topTicks) {
        require(!id.isShort(), NotLong(id));
        return _requireCanonical(id);
    }

    function _ceilingTicks(BoxId id, uint256 topTicks) private pure returns (uint256) {
        return id.hi() == Boxes.MAX_STRIKE ? topTicks : id.hi();
    }

    /// @dev Of a canonical box; the mirror is canonical too, and its mirror is the box.
    function _mirror(BoxId id, uint256 topTicks) private pure returns (BoxId) {
        // Safe because lo < hi <= topTicks < 2^64 in a canonical box.
        unchecked {
            // forge-lint: disable-start(unsafe-typecast)
            uint64 lo = uint64(topTicks - _ceilingTicks(id, topTicks));
            uint64 hi = id.lo() == 0 ? Boxes.MAX_STRIKE : uint64(topTicks - id.lo());
            // forge-lint: disable-end(unsafe-typecast)
            return id.withSideAndStrikes(!id.isShort(), lo, hi);
        }
    }

    /* VALUE */

    /// @dev One hash to find a sum, where nested mappings would take three. Below 2^32, 2^24 and 2^8: no two meet.
    function _keyOf(uint256 index, uint256 epoch, uint256 pair) private pure returns (uint256) {
        return (index << 32) | (epoch << 8) | pair;
    }

    function _sumOf(uint32 index, uint256 mask, uint24 epoch) private view returns (uint256 sum) {
        for (uint256 pair = 0; mask != 0; pair++) {
            PrefixPair storage stored = _prefixSums[_keyOf(index, epoch, pair)];
            if (mask & 1 != 0) sum += stored.even;
            if (mask & 2 != 0) sum += stored.odd;
            mask >>= 2;
        }
    }

    function _width(Head memory head, BoxId id, uint256 topTicks) private pure returns (uint256) {
        // Safe because lo < hi, and the top times the tick is below 2^128.
        unchecked {
            return (_ceilingTicks(id, topTicks) - id.lo()) * head.tick;
        }
    }

    /// @dev Rounds up: the reserve is owed the fraction.
    function _widthUp(Head memory head, BoxId id, uint256 topTicks, uint128 quantity)
        private
        pure
        returns (uint256)
    {
        // Safe because both factors are below 2^128: their product ends 2^129 short of overflow.
        unchecked {
            return (quantity * _width(head, id, topTicks) + (VALUE_SCALE - 1)) / VALUE_SCALE;
        }
    }

    /// @dev Rounds down: the reserve keeps the fraction.
    function _widthDown(Head memory head, BoxId id, uint256 topTicks, uint128 quantity)
        private
        pure
        returns (uint256)
    {
        return quantity * _width(head, id, topTicks) / VALUE_SCALE;
    }

    /// @dev Rounds down: the reserve keeps the fraction.
    function _payoutDown(Head memory head, BoxId id, uint256 topTicks, uint128 quantity)
        private
        view
        returns (uint256)
    {
        require(id.end() <= head.pokedUntil, NotMatured(id.end(), head.pokedUntil));
        uint256 mask = id.mask();
        uint256 value = _sumOf(id.index(), mask, id.end()) - _sumOf(id.index(), mask, id.start());
        if (id.isShort()) value = topTicks * head.tick - value;
        uint256 floor = uint256(id.lo()) * head.tick;
        uint256 ceiling = _ceilingTicks(id, topTicks) * head.tick;
        if (value <= floor) return 0;
        return quantity * (Math.min(value, ceiling) - floor) / VALUE_SCALE;
    }

    /* TOKENS */

    /// @dev Whenever a pair is created, so is as much of each: the two supplies are checked one by one all the same, as
    ///      either may have been redeemed since.
    function _createPair(BoxId long, BoxId short, uint256 quantity, address longTo, address shortTo) private {
        require(longTo != address(0) && shortTo != address(0), ERC6909InvalidReceiver(address(0)));
        uint256 issue = _issues[long];
        uint256 supply = Math.max(issue & MAX_SUPPLY, (issue >> SHORT_SHIFT) & MAX_SUPPLY) + quantity;
        require(supply <= MAX_SUPPLY, SupplyTooLarge(supply, MAX_SUPPLY));

        // Safe because both sums were checked to fit their bits: nothing is carried out of them.
        unchecked {
            _issues[long] = issue + quantity + (quantity << SHORT_SHIFT);
        }
        super._update(address(0), longTo, BoxId.unwrap(long), quantity);
        super._update(address(0), shortTo, BoxId.unwrap(short), quantity);
        if (issue & FACADE_FLAGS == 0) return;
        if (_hasFacadeIn(issue, false)) _tellFacade(long, address(0), longTo, quantity);
        if (_hasFacadeIn(issue, true)) _tellFacade(short, address(0), shortTo, quantity);
    }

    function _destroy(BoxId id, BoxId long, uint128 quantity) private {
        super._update(msg.sender, address(0), BoxId.unwrap(id), quantity);
        uint256 issue = _issues[long];
        // Safe because nobody has more than was issued: nothing is borrowed from the neighbour.
        unchecked {
            _issues[long] = issue - (uint256(quantity) << _shiftOf(id.isShort()));
        }
        if (_hasFacadeIn(issue, id.isShort())) _tellFacade(id, msg.sender, address(0), quantity);
    }

    /// @dev Reached by transfers only: what is created or destroyed passes above.
    function _update(address from, address to, uint256 id, uint256 amount) internal override {
        super._update(from, to, id, amount);
        // What follows may trust the id: somebody had some of it.
        if (amount == 0) return;

        BoxId box = BoxId.wrap(id);
        if (_hasFacadeIn(_issues[_longOf(box)], box.isShort())) _tellFacade(box, from, to, amount);
    }

    function _tellFacade(BoxId id, address from, address to, uint256 amount) private {
        IFacade(facadeOf(id)).recordTransfer(from, to, amount);
    }

    /// @dev The key of what was issued of a box and its mirror. For an id that cannot exist the subtraction may wrap; then
    ///      nothing is found, or nothing that the caller relies on.
    function _longOf(BoxId id) private view returns (BoxId) {
        if (!id.isShort()) return id;
        Index storage index = _indices[id.index()];
        uint256 caps = _capsOf(index, index.head.cap0, index.head.cap1, id.mask());
        unchecked {
            return _mirror(id, caps * (uint256(id.end()) - id.start()));
        }
    }

    function _shiftOf(bool isShort) private pure returns (uint256) {
        return isShort ? SHORT_SHIFT : 0;
    }

    function _supplyIn(uint256 issue, bool isShort) private pure returns (uint256) {
        return (issue >> _shiftOf(isShort)) & MAX_SUPPLY;
    }

    function _hasFacadeIn(uint256 issue, bool isShort) private pure returns (bool) {
        return (issue >> (_shiftOf(isShort) + SUPPLY_BITS)) & 1 != 0;
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

    function _enter() private {
        require(_entered == 0, Reentered());
        _entered = 1;
    }

    function _leave() private {
        _entered = 0;
    }
}
