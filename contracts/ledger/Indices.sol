// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {IRewardSource} from "../interfaces/IRewardSource.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice What the ledger knows of each index: its terms, fixed at registration, and its prefix sums, each written once.
/// @dev A source harms its own index only. It can stop answering; it cannot make a prefix sum fall, pass the caps or
///      change, and the proof of solvency asks for nothing more.
abstract contract Indices is ILedger {
    using SafeCast for uint256;

    uint256 internal constant MAX_COMPONENTS = 8;

    /// @dev Three words. Cash and creation read the first two, `poke` the last two, which is why the tick stands in both
    ///      the first and the last. Only `reserve` and `pokedUntil` ever change.
    struct Head {
        address token;
        uint24 firstEpoch;
        uint64 tick;
        // Second word.
        uint96 reserve;
        uint24 pokedUntil;
        uint8 components;
        uint64 cap0;
        uint64 cap1;
    }

    struct Index {
        Head head;
        address source;
        uint32 network;
        uint64 tick;
        uint64[6] moreCaps;
        bytes32 name;
        bytes32 unit;
    }

    /// @dev Two neighbouring components.
    struct PrefixPair {
        uint128 even;
        uint128 odd;
    }

    /// @inheritdoc ILedger
    uint32 public indexCount;

    mapping(uint32 index => Index) internal _indices;
    mapping(uint256 key => PrefixPair) private _prefixSums;

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
            tick: terms.tick,
            reserve: 0,
            pokedUntil: terms.firstEpoch,
            components: components.toUint8(),
            cap0: terms.caps[0],
            cap1: components > 1 ? terms.caps[1] : 0
        });
        for (uint256 k = 2; k < components; k++) {
            stored.moreCaps[k - 2] = terms.caps[k];
        }
        (stored.source, stored.network, stored.tick) = (terms.source, terms.network, terms.tick);
        (stored.name, stored.unit) = (terms.name, terms.unit);

        emit IndexRegistered(index, terms.token, terms.source, terms);
    }

    /// @inheritdoc ILedger
    /// @dev The source is called before state changes, because its answer is the change; it is called statically.
    function poke(uint32 index) external returns (uint24 day) {
        Index storage stored = _indices[index];
        Head memory head;
        _readMoving(stored, head, index);
        day = head.pokedUntil;
        uint256[] memory rewards = IRewardSource(stored.source).settledReward(stored.network, day);
        require(rewards.length == head.components, WrongRewardCount(rewards.length, head.components));

        uint256 tick = stored.tick;
        for (uint256 k = 0; k < rewards.length; k++) {
            rewards[k] = Math.min(rewards[k], _capOf(stored, head, k) * tick);
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

    /* VIEWS */

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

    /* INTERNALS */

    /// @dev Two reads instead of the eight that Solidity makes of a packed struct: 600 gas of every entry point. The
    ///      casts keep the low bits on purpose; a test holds the layout against the struct.
    function _headOf(uint32 index) internal view returns (Head memory head) {
        Index storage stored = _indices[index];
        _readMoving(stored, head, index);
        uint256 word;
        assembly ("memory-safe") {
            word := sload(stored.slot)
        }
        // forge-lint: disable-start(unsafe-typecast)
        head.token = address(uint160(word));
        head.firstEpoch = uint24(word >> 160);
        head.tick = uint64(word >> 184);
        // forge-lint: disable-end(unsafe-typecast)
    }

    /// @dev The second word of the head.
    function _readMoving(Index storage stored, Head memory head, uint32 index) private view {
        uint256 word;
        assembly ("memory-safe") {
            word := sload(add(stored.slot, 1))
        }
        // forge-lint: disable-start(unsafe-typecast)
        head.reserve = uint96(word);
        head.pokedUntil = uint24(word >> 96);
        head.components = uint8(word >> 120);
        head.cap0 = uint64(word >> 128);
        head.cap1 = uint64(word >> 192);
        // forge-lint: disable-end(unsafe-typecast)
        require(head.components > 0, NoSuchIndex(index));
    }

    function _capOf(Index storage stored, Head memory head, uint256 component)
        private
        view
        returns (uint256)
    {
        if (component == 0) return head.cap0;
        if (component == 1) return head.cap1;
        return stored.moreCaps[component - 2];
    }

    /// @dev c_M, in ticks.
    function _capsOf(Index storage stored, uint256 cap0, uint256 cap1, uint256 mask)
        internal
        view
        returns (uint256 sum)
    {
        // Safe because at most 8 caps below 2^64 are added.
        unchecked {
            if (mask & 1 != 0) sum = cap0;
            if (mask & 2 != 0) sum += cap1;
            mask >>= 2;
            for (uint256 k = 0; mask != 0; k++) {
                if (mask & 1 != 0) sum += stored.moreCaps[k];
                mask >>= 1;
            }
        }
    }

    /// @dev I_M.
    function _sumOf(uint32 index, uint256 mask, uint24 epoch) internal view returns (uint256 sum) {
        // Safe because at most 8 sums below 2^128 are added, and pairs are counted up to 4.
        unchecked {
            for (uint256 pair = 0; mask != 0; pair++) {
                PrefixPair storage stored = _prefixSums[_keyOf(index, epoch, pair)];
                if (mask & 1 != 0) sum += stored.even;
                if (mask & 2 != 0) sum += stored.odd;
                mask >>= 2;
            }
        }
    }

    /// @dev One hash to find a sum, where nested mappings would take three. Below 2^32, 2^24 and 2^8: no two meet.
    function _keyOf(uint256 index, uint256 epoch, uint256 pair) private pure returns (uint256) {
        return (index << 32) | (epoch << 8) | pair;
    }
}
