// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {HostileSource} from "../mocks/HostileSource.sol";
import {ManualSource} from "../mocks/ManualSource.sol";
import {PlainToken} from "../mocks/PlainToken.sol";
import {Test} from "forge-std/Test.sol";

/// @notice Does what users do, in any order, on three indices: an honest one, one with a hostile source in the same
///         token, and one in another token. Remembers every id that was ever created.
contract LedgerHandler is Test {
    uint24 public constant FIRST_EPOCH = 100;
    uint24 public constant EPOCHS = 8;
    uint64 public constant TICK = 1e9;

    ILedger public immutable LEDGER;
    PlainToken[2] public tokens;
    ManualSource public honest;
    HostileSource public hostile;
    address[3] public holders;
    uint32[3] public indices;

    mapping(uint32 index => BoxId[]) private _ids;
    mapping(BoxId id => bool) private _known;
    /// @notice What isolation forbids: set when a call on one index changed the reserve or the sums of another.
    bool public leaked;
    /// @notice Set when a merge failed although both sides were there.
    bool public mergeFailed;
    /// @notice Set when a poke wrote outside [0, cap], rewrote a sum, or skipped a day.
    bool public indexBroken;
    /// @notice Set when a redemption depended on something else than id, quantity and index.
    bool public payoffDepended;

    constructor(ILedger ledger) {
        LEDGER = ledger;
        tokens = [new PlainToken(), new PlainToken()];
        honest = new ManualSource();
        hostile = new HostileSource();
        holders = [makeAddr("alice"), makeAddr("bob"), makeAddr("carol")];
        indices[0] = _register(address(tokens[0]), address(honest), 1, 2);
        indices[1] = _register(address(tokens[0]), address(hostile), 2, 2);
        indices[2] = _register(address(tokens[1]), address(honest), 3, 3);
        for (uint256 i = 0; i < 3; i++) {
            for (uint256 t = 0; t < 2; t++) {
                tokens[t].mint(holders[i], type(uint104).max);
                vm.prank(holders[i]);
                tokens[t].approve(address(ledger), type(uint256).max);
            }
        }
    }

    /* WHAT USERS DO */

    function escrow(uint256 seed, uint128 quantity, uint256 to) external {
        BoxId long = _someLong(seed);
        quantity = uint128(bound(quantity, 1, 1e22));
        bytes32 others = _othersOf(long.index());
        vm.prank(_holder(seed));
        LEDGER.escrow(long, quantity, _holder(to), _holder(to >> 8));
        _remember(long);
        _remember(LEDGER.mirrorOf(long));
        _watch(others, long.index());
    }

    function merge(uint256 seed, uint128 quantity, uint256 who) external {
        BoxId long = _known_(seed);
        if (long.isShort()) long = LEDGER.mirrorOf(long);
        address holder = _holder(who);
        uint256 most = _min(_balance(holder, long), _balance(holder, LEDGER.mirrorOf(long)));
        if (most == 0) return;
        bytes32 others = _othersOf(long.index());
        vm.prank(holder);
        try LEDGER.merge(long, uint128(bound(quantity, 1, most)), holder) {}
        catch {
            mergeFailed = true;
        }
        _watch(others, long.index());
    }

    function redeem(uint256 seed, uint128 quantity, uint256 who) external {
        BoxId id = _known_(seed);
        address holder = _holder(who);
        uint256 most = _balance(holder, id);
        if (most == 0 || id.end() > LEDGER.pokedUntil(id.index())) return;
        quantity = uint128(bound(quantity, 1, most));
        bytes32 others = _othersOf(id.index());
        uint256 expected = quantity * payoffOf(id, _earned(id)) / 1e36;
        vm.prank(holder);
        if (LEDGER.redeem(id, quantity, holder) != expected) payoffDepended = true;
        _watch(others, id.index());
    }

    function transfer(uint256 seed, uint128 quantity, uint256 who, uint256 to) external {
        BoxId id = _known_(seed);
        uint256 most = _balance(_holder(who), id);
        vm.prank(_holder(who));
        LEDGER.transfer(_holder(to), BoxId.unwrap(id), bound(quantity, 0, most));
    }

    function transferThroughFacade(uint256 seed, uint128 quantity, uint256 who, uint256 to) external {
        BoxId id = _known_(seed);
        if (!LEDGER.hasFacade(id)) LEDGER.deployFacade(id);
        uint256 most = _balance(_holder(who), id);
        address facade = LEDGER.facadeOf(id);
        vm.prank(_holder(who));
        assertTrue(PlainToken(facade).transfer(_holder(to), bound(quantity, 0, most)));
    }

    function poke(uint256 which, uint256[3] memory rewards, uint256 mood) external {
        uint32 index = indices[which % 3];
        uint24 day = LEDGER.pokedUntil(index);
        if (day == FIRST_EPOCH + EPOCHS) return;
        hostile.setMood(mood);
        uint256 components = LEDGER.termsOf(index).caps.length;
        uint256[] memory given = new uint256[](components);
        for (uint256 k = 0; k < components; k++) {
            given[k] = bound(rewards[k], 0, 2e14);
        }
        honest.set(LEDGER.termsOf(index).network, day, given);
        bytes32 others = _othersOf(index);
        bytes32 past = _sumsUntil(index, day);
        try LEDGER.poke(index) {
            if (LEDGER.pokedUntil(index) != day + 1) indexBroken = true;
            for (uint8 k = 0; k < components; k++) {
                uint256 from = LEDGER.prefixSum(index, k, day);
                uint256 to = LEDGER.prefixSum(index, k, day + 1);
                if (to < from || to - from > uint256(LEDGER.termsOf(index).caps[k]) * TICK) {
                    indexBroken = true;
                }
            }
        } catch {
            if (index != indices[1]) indexBroken = true;
        }
        if (_sumsUntil(index, day) != past) indexBroken = true;
        _watch(others, index);
    }

    /// @dev A present to the ledger must change nothing for anybody.
    function donate(uint256 which, uint128 amount) external {
        tokens[which % 2].mint(address(LEDGER), amount % 1e20);
    }

    /* WHAT THE INVARIANTS ASK */

    function idsOf(uint32 index) external view returns (BoxId[] memory) {
        return _ids[index];
    }

    function payoffOf(BoxId id, uint256 earned) public view returns (uint256) {
        uint256 top = LEDGER.topTicksOf(id) * TICK;
        uint256 value = id.isShort() ? top - earned : earned;
        uint256 floor = uint256(id.lo()) * TICK;
        uint256 ceiling = id.hi() == Boxes.MAX_STRIKE ? top : uint256(id.hi()) * TICK;
        return _min(_max(value, floor), ceiling) - floor;
    }

    /// @notice What the box earns if every day not known yet earns nothing, or its cap, or `share` 256ths of it.
    function completed(BoxId id, uint256 share) external view returns (uint256 earned) {
        uint32 index = id.index();
        ILedger.IndexTerms memory terms = LEDGER.termsOf(index);
        uint24 known = LEDGER.pokedUntil(index);
        for (uint8 k = 0; k < terms.caps.length; k++) {
            if ((id.mask() >> k) & 1 == 0) continue;
            for (uint24 d = id.start(); d < id.end(); d++) {
                if (d < known) earned += LEDGER.prefixSum(index, k, d + 1) - LEDGER.prefixSum(index, k, d);
                else earned += uint256(terms.caps[k]) * TICK * _shareOn(d, k, share) / 256;
            }
        }
    }

    /// @dev Seeds below 257 are the same share every day; others draw one for each day and component.
    function _shareOn(uint24 day, uint8 component, uint256 share) private pure returns (uint256) {
        if (share <= 256) return share;
        return uint256(keccak256(abi.encode(day, component, share))) % 257;
    }

    /* HELPERS */

    function _register(address token, address source, uint32 network, uint256 components)
        private
        returns (uint32)
    {
        uint64[] memory caps = new uint64[](components);
        for (uint256 k = 0; k < components; k++) {
            caps[k] = [uint64(58_000), 6000, 7][k];
        }
        return
            LEDGER.register(ILedger.IndexTerms("X", "unit", token, source, network, FIRST_EPOCH, TICK, caps));
    }

    function _someLong(uint256 seed) private view returns (BoxId) {
        uint32 index = indices[seed % 3];
        Box memory box;
        box.index = index;
        box.mask = uint8(1 + (seed >> 8) % (2 ** LEDGER.termsOf(index).caps.length - 1));
        box.start = FIRST_EPOCH + uint24((seed >> 16) % EPOCHS);
        box.end = box.start + 1 + uint24((seed >> 24) % (FIRST_EPOCH + EPOCHS - box.start));
        box.hi = Boxes.MAX_STRIKE;
        // Half of them are full, so that ids meet again.
        if ((seed >> 32) % 2 == 0) return Boxes.pack(box);
        uint256 top = LEDGER.topTicksOf(Boxes.pack(box));
        box.lo = uint64((seed >> 40) % top);
        uint256 hi = box.lo + 1 + (seed >> 104) % top;
        if (hi < top) box.hi = uint64(hi);
        return Boxes.pack(box);
    }

    function _known_(uint256 seed) private view returns (BoxId) {
        BoxId[] storage ids = _ids[indices[seed % 3]];
        return ids.length == 0 ? _someLong(seed) : ids[(seed >> 8) % ids.length];
    }

    function _remember(BoxId id) private {
        if (_known[id]) return;
        _known[id] = true;
        _ids[id.index()].push(id);
    }

    function _othersOf(uint32 index) private view returns (bytes32 state) {
        for (uint256 i = 0; i < 3; i++) {
            if (indices[i] == index) continue;
            uint24 known = LEDGER.pokedUntil(indices[i]);
            state = keccak256(abi.encode(state, LEDGER.reserveOf(indices[i]), _sumsUntil(indices[i], known)));
            BoxId[] storage ids = _ids[indices[i]];
            for (uint256 j = 0; j < ids.length; j++) {
                state = keccak256(abi.encode(state, LEDGER.totalSupply(BoxId.unwrap(ids[j]))));
            }
        }
    }

    function _watch(bytes32 others, uint32 index) private {
        if (_othersOf(index) != others) leaked = true;
    }

    function _sumsUntil(uint32 index, uint24 epoch) private view returns (bytes32 state) {
        uint256 components = LEDGER.termsOf(index).caps.length;
        for (uint24 e = FIRST_EPOCH; e <= epoch; e++) {
            for (uint8 k = 0; k < components; k++) {
                state = keccak256(abi.encode(state, LEDGER.prefixSum(index, k, e)));
            }
        }
    }

    function _earned(BoxId id) private view returns (uint256 earned) {
        for (uint8 k = 0; k < 8; k++) {
            if ((id.mask() >> k) & 1 == 0) continue;
            earned += LEDGER.prefixSum(id.index(), k, id.end()) - LEDGER.prefixSum(id.index(), k, id.start());
        }
    }

    function _balance(address holder, BoxId id) private view returns (uint256) {
        return LEDGER.balanceOf(holder, BoxId.unwrap(id));
    }

    function _holder(uint256 seed) private view returns (address) {
        return holders[seed % 3];
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    function _max(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }
}
