// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {IRewardSource} from "../interfaces/IRewardSource.sol";
import {BoxId} from "../types/BoxId.sol";
import {Fixed, IndexWords, Moving} from "../types/IndexWords.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice What the ledger knows of each index: its terms, fixed at registration, and its prefix sums, each written once.
/// @dev A source harms its own index only. It can stop answering; it cannot make a prefix sum fall, pass the caps or
///      change, and the proof of solvency asks for nothing more.
abstract contract Indices is ILedger {
    using SafeCast for uint256;

    uint256 internal constant MAX_COMPONENTS = 8;

    /// @dev Cash and creation read `fixed_` and `moving`, `poke` reads `moving` and what it shares a word with the source:
    ///      the tick stands in both.
    struct Index {
        Fixed fixed_;
        Moving moving;
        address source;
        uint32 network;
        uint64 tick;
        uint64[6] moreCaps;
        bytes32 name;
        bytes32 unit;
    }

    /// @inheritdoc ILedger
    uint32 public indexCount;

    mapping(uint32 index => Index) internal _indices;
    /// @dev Of two neighbouring components: the even one in the lower half of the word, the odd one in the upper.
    mapping(uint256 key => uint256 pair) private _prefixSums;

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
        stored.fixed_ = IndexWords.packFixed(terms.token, terms.firstEpoch, terms.tick);
        stored.moving = IndexWords.packMoving(
            terms.firstEpoch, components.toUint8(), terms.caps[0], components > 1 ? terms.caps[1] : 0
        );
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
        (Index storage stored, Moving moving) = _indexOf(index);
        day = moving.pokedUntil();
        uint256[] memory rewards = IRewardSource(stored.source).settledReward(stored.network, day);
        require(rewards.length == moving.components(), WrongRewardCount(rewards.length, moving.components()));

        _clamp(rewards, stored, moving);
        for (uint256 k = 0; k < rewards.length; k += 2) {
            uint256 odd = k + 1 < rewards.length ? rewards[k + 1] : 0;
            uint256 pair = _prefixSums[_keyOf(index, day, k / 2)];
            _prefixSums[_keyOf(index, uint256(day) + 1, k / 2)] = _addToPair(pair, rewards[k], odd);
        }
        stored.moving = moving.withPokedUntil(day + 1);

        emit Poked(index, day, rewards);
    }

    /* VIEWS */

    /// @inheritdoc ILedger
    function termsOf(uint32 index) external view returns (IndexTerms memory) {
        (Index storage stored, Moving moving) = _indexOf(index);
        uint64[] memory caps = new uint64[](moving.components());
        for (uint256 k = 0; k < caps.length; k++) {
            caps[k] = _capOf(stored, moving, k).toUint64();
        }
        return IndexTerms({
            name: stored.name,
            unit: stored.unit,
            token: stored.fixed_.token(),
            source: stored.source,
            network: stored.network,
            firstEpoch: stored.fixed_.firstEpoch(),
            tick: stored.tick,
            caps: caps
        });
    }

    /// @inheritdoc ILedger
    function pokedUntil(uint32 index) external view returns (uint24) {
        (, Moving moving) = _indexOf(index);
        return moving.pokedUntil();
    }

    /// @inheritdoc ILedger
    function prefixSum(uint32 index, uint8 component, uint24 epoch) external view returns (uint256) {
        (Index storage stored, Moving moving) = _indexOf(index);
        require(component < moving.components(), ComponentOutside(component, moving.components()));
        (uint24 first, uint24 last) = (stored.fixed_.firstEpoch(), moving.pokedUntil());
        require(epoch >= first && epoch <= last, EpochOutsideIndex(epoch, first, last));
        return _earned(index, 2 ** uint256(component), first, epoch);
    }

    /// @inheritdoc ILedger
    function reserveOf(uint32 index) external view returns (uint256) {
        (, Moving moving) = _indexOf(index);
        return moving.reserve();
    }

    /* INTERNALS */

    function _indexOf(uint32 index) internal view returns (Index storage stored, Moving moving) {
        stored = _indices[index];
        moving = stored.moving;
        require(Moving.unwrap(moving) != 0, NoSuchIndex(index));
    }

    function _capOf(Index storage stored, Moving moving, uint256 component) private view returns (uint256) {
        if (component == 0) return moving.cap0();
        if (component == 1) return moving.cap1();
        return stored.moreCaps[component - 2];
    }

    /// @dev c_M, in ticks.
    function _capsOf(Index storage stored, Moving moving, uint256 mask) internal view returns (uint256 sum) {
        // Safe because at most 8 caps below 2^64 are added.
        unchecked {
            if (mask & 1 != 0) sum = moving.cap0();
            if (mask & 2 != 0) sum += moving.cap1();
            if (mask < 4) return sum;

            for (uint256 k = 2; k < MAX_COMPONENTS; k++) {
                if ((mask >> k) & 1 != 0) sum += stored.moreCaps[k - 2];
            }
        }
    }

    /// @dev T in ticks.
    function _topIn(Index storage stored, Moving moving, BoxId id) internal view returns (uint256) {
        // Safe because caps sum up to less than 2^67; an interval is below 2^24, or refused.
        unchecked {
            return _capsOf(stored, moving, id.mask()) * (uint256(id.end()) - id.start());
        }
    }

    /// @dev I_M(until) − I_M(from). Halves of a word never fall from one epoch to a later one, so nothing is borrowed between
    ///      the two when words are subtracted.
    function _earned(uint256 index, uint256 mask, uint256 from, uint256 until)
        internal
        view
        returns (uint256 sum)
    {
        // Safe because at most 8 sums below 2^128 are added.
        unchecked {
            for (uint256 i = 0; mask != 0; mask >>= 2) {
                uint256 pair = _prefixSums[_keyOf(index, until, i)] - _prefixSums[_keyOf(index, from, i)];
                if (mask & 1 != 0) sum += pair & type(uint128).max;
                if (mask & 2 != 0) sum += pair >> 128;
                i++;
            }
        }
    }

    /// @dev In place: r_k is what passes.
    function _clamp(uint256[] memory rewards, Index storage stored, Moving moving) private view {
        uint256 tick = stored.tick;
        // Safe because a cap and the tick are below 2^64.
        unchecked {
            for (uint256 k = 0; k < rewards.length; k++) {
                uint256 cap = _capOf(stored, moving, k) * tick;
                if (rewards[k] > cap) rewards[k] = cap;
            }
        }
    }

    /// @dev Each sum must fit its half. No box ends where one does not.
    function _addToPair(uint256 pair, uint256 even, uint256 odd) private pure returns (uint256) {
        uint128 lower = ((pair & type(uint128).max) + even).toUint128();
        uint128 upper = ((pair >> 128) + odd).toUint128();
        return lower | (uint256(upper) << 128);
    }

    /// @dev One hash to find a sum, where nested mappings would take three. Below 2^32, 2^24 and 2^8: no two meet.
    function _keyOf(uint256 index, uint256 epoch, uint256 pair) private pure returns (uint256) {
        return (index << 32) | (epoch << 8) | pair;
    }
}
