// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {HostileSource} from "../mocks/HostileSource.sol";
import {ManualSource} from "../mocks/ManualSource.sol";
import {MeanToken} from "../mocks/MeanToken.sol";
import {PlainToken} from "../mocks/PlainToken.sol";
import {Test} from "forge-std/Test.sol";

/// @notice What the ledger should hold, kept beside it: who has what, what each index took and gave, and what every claim is
///         worth on any future. Shares no line with the ledger's own arithmetic.
abstract contract LedgerBooks is Test {
    /// @dev One issued id, unpacked. `from` and `to` are places in a table of sums, see `_sumsOn`.
    struct Claim {
        uint256 supply;
        uint256 floor;
        uint256 ceiling;
        uint256 top;
        uint256 from;
        uint256 to;
        bool isShort;
    }

    /// @dev All that futures of one index are weighed with. `rewards` are by component and day, as far as they are known.
    struct Scales {
        Claim[] claims;
        uint256 tick;
        uint256[] caps;
        uint256 known;
        uint256[] rewards;
        uint256 reserve;
        uint256 worth;
        uint256 shaved;
        uint256 seed;
        bool covered;
        bool balanced;
    }

    uint24 public constant FIRST_EPOCH = 100;
    uint24 public constant EPOCHS = 8;
    uint256 internal constant INDICES = 4;
    uint256 internal constant HOLDERS = 3;
    uint256 internal constant SCALE = 1e36;

    ILedger public immutable LEDGER;
    /// @notice Of 8, 18 and 6 decimals. The last one calls the ledger back whenever it moves.
    PlainToken[3] public tokens;
    ManualSource public honest;
    HostileSource public hostile;
    /// @notice The last one only receives: it is the mean token.
    address[HOLDERS + 1] public holders;

    BoxId[][INDICES + 1] internal _ids;
    mapping(BoxId id => bool) internal _listed;
    mapping(BoxId id => mapping(address => uint256)) internal _balance;
    mapping(BoxId id => uint256) internal _supply;
    mapping(uint256 token => mapping(address => uint256)) internal _cash;
    uint256[3] internal _gifts;
    uint256[INDICES + 1] internal _reserve;
    /// @dev Exactly, in quantity × index value: what was paid in for, less what was paid out for.
    uint256[INDICES + 1] internal _worth;
    /// @dev The most that re-strikes rounded away from holders, in the same unit.
    uint256[INDICES + 1] internal _shaved;
    /// @dev How many amounts of cash were rounded.
    uint256[INDICES + 1] internal _roundings;
    uint64[][INDICES + 1] internal _caps;
    uint64[INDICES + 1] internal _tick;
    uint24[INDICES + 1] internal _until;
    /// @dev Each component's sum by epoch, from the first one on, which is 0.
    uint256[][8][INDICES + 1] internal _sums;

    constructor(ILedger ledger) {
        LEDGER = ledger;
        tokens = [new PlainToken(), new PlainToken(), new MeanToken()];
        honest = new ManualSource();
        hostile = new HostileSource();
        holders = [makeAddr("alice"), makeAddr("bob"), makeAddr("carol"), address(tokens[2])];
        for (uint256 t = 0; t < 3; t++) {
            for (uint256 h = 0; h < HOLDERS; h++) {
                tokens[t].mint(holders[h], type(uint120).max);
                _cash[t][holders[h]] = type(uint120).max;
                vm.prank(holders[h]);
                tokens[t].approve(address(ledger), type(uint256).max);
            }
        }
        // Like bitcoin. Like ether, with a third component. Few ticks in all, so that strikes meet. An odd tick, and a
        // source that lies, in the token of the first.
        _open(1, address(honest), 1e9, 58_000e9, 6000e9, 0);
        _open(2, address(honest), 1e18, 1e14, 3e13, 7e13);
        _open(3, address(honest), 1e9, 5, 3, 0);
        _open(4, address(hostile), 1e9 + 7, 1_000_003, 11, 0);
    }

    function _open(uint32 index, address source, uint64 tick, uint64 cap0, uint64 cap1, uint64 cap2) private {
        uint64[] memory caps = new uint64[](cap2 == 0 ? 2 : 3);
        (caps[0], caps[1]) = (cap0, cap1);
        if (cap2 > 0) caps[2] = cap2;
        address token = address(tokens[tokenOf(index)]);
        assertEq(
            LEDGER.register(ILedger.IndexTerms("X", "unit", token, source, index, FIRST_EPOCH, tick, caps)),
            index
        );
        (_caps[index], _tick[index], _until[index]) = (caps, tick, FIRST_EPOCH);
        for (uint256 k = 0; k < caps.length; k++) {
            _sums[index][k].push(0);
        }
    }

    function tokenOf(uint32 index) public pure returns (uint256) {
        return index == 4 ? 0 : index - 1;
    }

    function idsOf(uint32 index) external view returns (BoxId[] memory) {
        return _ids[index];
    }

    /* BOOKKEEPING */

    function _list(BoxId id) internal {
        if (_listed[id]) return;
        _listed[id] = true;
        _ids[id.index()].push(id);
    }

    function _credit(BoxId id, address who, uint256 quantity) internal {
        _list(id);
        _balance[id][who] += quantity;
        _supply[id] += quantity;
    }

    function _debit(BoxId id, address who, uint256 quantity) internal {
        _balance[id][who] -= quantity;
        _supply[id] -= quantity;
    }

    function _tookCash(uint32 index, address from, uint256 cash, uint256 worth) internal {
        _reserve[index] += cash;
        _cash[tokenOf(index)][from] -= cash;
        _worth[index] += worth;
        _roundings[index]++;
    }

    function _gaveCash(uint32 index, address to, uint256 cash, uint256 worth) internal {
        _reserve[index] -= cash;
        _cash[tokenOf(index)][to] += cash;
        _worth[index] -= worth;
        _roundings[index]++;
    }

    /* WHAT BOXES ARE WORTH */

    function _capsIn(uint32 index, uint256 mask) internal view returns (uint256 sum) {
        for (uint256 k = 0; k < _caps[index].length; k++) {
            if ((mask >> k) & 1 != 0) sum += _caps[index][k];
        }
    }

    /// @dev In ticks.
    function _top(BoxId id) internal view returns (uint256) {
        return _capsIn(id.index(), id.mask()) * (id.end() - id.start());
    }

    /// @dev In ticks.
    function _ceiling(BoxId id) internal view returns (uint256) {
        return id.hi() == Boxes.MAX_STRIKE ? _top(id) : id.hi();
    }

    function _width(BoxId id) internal view returns (uint256) {
        return (_ceiling(id) - id.lo()) * _tick[id.index()];
    }

    /// @dev From one epoch to another, of the components of `id`.
    function _earned(BoxId id, uint24 from, uint24 to) internal view returns (uint256 sum) {
        uint32 index = id.index();
        for (uint256 k = 0; k < _caps[index].length; k++) {
            if ((id.mask() >> k) & 1 == 0) continue;
            sum += _sums[index][k][to - FIRST_EPOCH] - _sums[index][k][from - FIRST_EPOCH];
        }
    }

    /// @dev What one unit earned for certain before `until`.
    function _certain(BoxId id, uint24 until) internal view returns (uint256) {
        (uint256 floor, uint256 ceiling) = _strikes(id);
        uint256 value = _valueAt(id, until);
        if (value <= floor) return 0;
        return value >= ceiling ? ceiling - floor : value - floor;
    }

    function _valueAt(BoxId id, uint24 until) internal view returns (uint256) {
        uint256 earned = _earned(id, id.start(), until);
        if (!id.isShort()) return earned;
        return _capsIn(id.index(), id.mask()) * (until - id.start()) * _tick[id.index()] - earned;
    }

    /// @dev As index values.
    function _strikes(BoxId id) internal view returns (uint256 floor, uint256 ceiling) {
        uint256 tick = _tick[id.index()];
        return (id.lo() * tick, _ceiling(id) * tick);
    }

    /// @dev What a re-strike at `until` takes from one unit at most: the way of both strikes to the grid.
    function _shavedAt(BoxId id, uint24 until) internal view returns (uint256) {
        uint256 tick = _tick[id.index()];
        (uint256 floor, uint256 ceiling) = _strikes(id);
        uint256 value = _valueAt(id, until);
        uint256 up = value < floor ? (tick - (floor - value) % tick) % tick : 0;
        // A ceiling at the top stays at the top.
        uint256 down = value < ceiling && id.hi() != Boxes.MAX_STRIKE ? (ceiling - value) % tick : 0;
        return up + down;
    }

    /* FUTURES */

    /// @notice Whether, on futures that end at and around the strikes of holdings on one index, and on the two extreme
    ///         and some other futures, `reserve` covers all claims (K1), and these are worth exactly what was paid in for,
    ///         less what re-strikes rounded away (K4).
    /// @param ids Whose strikes. Those on other indices are passed over.
    function weigh(uint32 index, BoxId[] memory ids, uint256 seed)
        public
        view
        returns (bool covered, bool balanced)
    {
        Scales memory scales = _scales(index, seed);
        // Nothing and the cap on every day left, then two at random.
        for (uint256 i = 0; i < 4; i++) {
            _weighOn(scales, _path(scales, BoxId.wrap(0), 0, i < 2 ? i << 2 : (2 << 2) | (seed << 4)));
            seed = _next(seed);
        }
        for (uint256 i = 0; i < ids.length; i++) {
            if (ids[i].index() == index && _supply[ids[i]] > 0) _weighAround(scales, ids[i]);
        }
        return (scales.covered, scales.balanced);
    }

    /// @dev On each strike of a box, one tick beside it and one unit of index value beside it.
    function _weighAround(Scales memory scales, BoxId id) private view {
        uint256 top = _top(id) * scales.tick;
        (uint256 floor, uint256 ceiling) = _strikes(id);
        uint256[5] memory steps = [scales.tick, scales.tick - 1, scales.tick + 1, 0, 2 * scales.tick];
        for (uint256 i = 0; i < 10; i++) {
            uint256 at = (i % 2 == 0 ? floor : ceiling) + steps[i / 2];
            // Beyond either end there is nothing.
            if (at < scales.tick || at > top + scales.tick) continue;
            at -= scales.tick;
            _weighOn(scales, _path(scales, id, id.isShort() ? top - at : at, scales.seed));
            scales.seed = _next(scales.seed);
        }
    }

    /// @dev Safe because supplies are below 2^120, payoffs below 2^128, and claims far fewer than 2^8.
    function _weighOn(Scales memory scales, uint256[] memory path) private pure {
        uint256[] memory sums = _sumsOn(path);
        Claim[] memory claims = scales.claims;
        uint256 owed = 0;
        unchecked {
            for (uint256 i = 0; i < claims.length; i++) {
                Claim memory claim = claims[i];
                uint256 value = sums[claim.to] - sums[claim.from];
                if (claim.isShort) value = claim.top - value;
                if (value <= claim.floor) continue;
                owed += claim.supply * ((value < claim.ceiling ? value : claim.ceiling) - claim.floor);
            }
        }
        if (owed > scales.reserve) scales.covered = false;
        if (owed > scales.worth || owed + scales.shaved < scales.worth) scales.balanced = false;
    }

    function _scales(uint32 index, uint256 seed) private view returns (Scales memory scales) {
        scales.claims = _claims(index);
        scales.tick = _tick[index];
        scales.seed = seed;
        scales.reserve = LEDGER.reserveOf(index) * SCALE;
        (scales.worth, scales.shaved) = (_worth[index], _shaved[index]);
        (scales.covered, scales.balanced) = (true, true);
        uint256 components = _caps[index].length;
        scales.known = _until[index] - FIRST_EPOCH;
        scales.caps = new uint256[](components);
        scales.rewards = new uint256[](components * EPOCHS);
        for (uint256 k = 0; k < components; k++) {
            scales.caps[k] = _caps[index][k] * scales.tick;
            for (uint256 d = 0; d < scales.known; d++) {
                scales.rewards[k * EPOCHS + d] = _sums[index][k][d + 1] - _sums[index][k][d];
            }
        }
    }

    /// @dev By what the ledger says is out there, not by the books.
    function _claims(uint32 index) private view returns (Claim[] memory claims) {
        BoxId[] storage ids = _ids[index];
        claims = new Claim[](ids.length);
        uint256 count = 0;
        for (uint256 i = 0; i < claims.length; i++) {
            BoxId id = ids[i];
            Claim memory claim = claims[count];
            claim.supply = LEDGER.totalSupply(BoxId.unwrap(id));
            if (claim.supply == 0) continue;
            (claim.floor, claim.ceiling) = _strikes(id);
            claim.top = _top(id) * _tick[index];
            uint256 row = uint256(id.mask()) * (EPOCHS + 1);
            (claim.from, claim.to) = (row + id.start() - FIRST_EPOCH, row + id.end() - FIRST_EPOCH);
            claim.isShort = id.isShort();
            count++;
        }
        // What is left over has no supply and both of its places at 0: it is worth nothing.
    }

    /// @dev The sum of every set of components at every epoch. Safe because a sum is below 2^128.
    function _sumsOn(uint256[] memory path) private pure returns (uint256[] memory sums) {
        unchecked {
            uint256 masks = 2 ** (path.length / EPOCHS);
            sums = new uint256[](masks * (EPOCHS + 1));
            for (uint256 mask = 1; mask < masks; mask++) {
                uint256 row = mask * (EPOCHS + 1);
                uint256 rest = (mask & (mask - 1)) * (EPOCHS + 1);
                if (rest != 0) {
                    uint256 one = row - rest;
                    for (uint256 e = 1; e <= EPOCHS; e++) {
                        sums[row + e] = sums[rest + e] + sums[one + e];
                    }
                } else {
                    uint256 cell = (mask == 4 ? 2 : mask - 1) * EPOCHS;
                    for (uint256 d = 0; d < EPOCHS; d++) {
                        sums[row + d + 1] = sums[row + d] + path[cell + d];
                    }
                }
            }
        }
    }

    /// @dev By component and day: what is known, then, in the days and components of `id`, what it takes to earn `earned` there,
    ///      as far as that is possible any more, and elsewhere 0, the cap, or something between.
    /// @param style From which end days (bit 0) and components (bit 1) are filled; what is elsewhere (2 bits); a seed.
    function _path(Scales memory scales, BoxId id, uint256 earned, uint256 style)
        private
        pure
        returns (uint256[] memory path)
    {
        path = new uint256[](scales.rewards.length);
        uint256 left = _left(scales, id, earned);
        unchecked {
            uint256 k = style & 2 == 0 ? 0 : scales.caps.length - 1;
            for (uint256 i = 0; i < scales.caps.length; i++) {
                uint256 cap = scales.caps[k];
                for (uint256 j = 0; j < EPOCHS; j++) {
                    uint256 d = style & 1 == 0 ? j : EPOCHS - 1 - j;
                    uint256 cell = k * EPOCHS + d;
                    if (d < scales.known) {
                        path[cell] = scales.rewards[cell];
                    } else if (_counts(id, k, d)) {
                        path[cell] = left < cap ? left : cap;
                        left -= path[cell];
                    } else {
                        path[cell] = _elsewhere(cap, style, cell);
                    }
                }
                k = style & 2 == 0 ? k + 1 : k - 1;
            }
        }
    }

    /// @dev What of `earned` is still to come.
    function _left(Scales memory scales, BoxId id, uint256 earned) private pure returns (uint256) {
        uint256 gone = 0;
        for (uint256 k = 0; k < scales.caps.length; k++) {
            for (uint256 d = 0; d < scales.known; d++) {
                if (_counts(id, k, d)) gone += scales.rewards[k * EPOCHS + d];
            }
        }
        return earned > gone ? earned - gone : 0;
    }

    function _counts(BoxId id, uint256 component, uint256 day) private pure returns (bool) {
        return
            (id.mask() >> component) & 1 != 0 && day + FIRST_EPOCH >= id.start()
                && day + FIRST_EPOCH < id.end();
    }

    function _elsewhere(uint256 cap, uint256 style, uint256 cell) private pure returns (uint256) {
        uint256 kind = (style >> 2) & 3;
        if (kind < 2) return kind * cap;
        return uint256(keccak256(abi.encode(style, cell))) % (cap + 1);
    }

    function _next(uint256 seed) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }
}
