// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice What cash and creation need to know of an index, in one word that never changes: token 160 | first epoch 24 |
///         tick 64, least significant bit first.
type Fixed is uint256;

/// @notice What moves of an index, and what is needed beside it, in one word: reserve 96 | poked until 24 | components 8 |
///         cap of component 0 64 | cap of component 1 64, least significant bit first. Zero where there is no index.
type Moving is uint256;

using IndexWords for Fixed global;
using IndexWords for Moving global;

/// @dev Words instead of packed structs, of which Solidity reads the same slot once for each field: 600 gas of every entry
///      point. The casts keep the low bits on purpose: each field is what remains after the shift.
library IndexWords {
    uint256 internal constant MAX_RESERVE = type(uint96).max;

    // forge-lint: disable-start(unsafe-typecast)

    function packFixed(address token_, uint24 firstEpoch_, uint64 tick_) internal pure returns (Fixed) {
        return Fixed.wrap(uint256(uint160(token_)) | (uint256(firstEpoch_) << 160) | (uint256(tick_) << 184));
    }

    function token(Fixed word) internal pure returns (address) {
        return address(uint160(Fixed.unwrap(word)));
    }

    function firstEpoch(Fixed word) internal pure returns (uint24) {
        return uint24(Fixed.unwrap(word) >> 160);
    }

    function tick(Fixed word) internal pure returns (uint64) {
        return uint64(Fixed.unwrap(word) >> 184);
    }

    function packMoving(uint24 pokedUntil_, uint8 components_, uint64 cap0_, uint64 cap1_)
        internal
        pure
        returns (Moving)
    {
        return Moving.wrap(
            (uint256(pokedUntil_) << 96) | (uint256(components_) << 120) | (uint256(cap0_) << 128)
                | (uint256(cap1_) << 192)
        );
    }

    function reserve(Moving word) internal pure returns (uint256) {
        return uint96(Moving.unwrap(word));
    }

    function pokedUntil(Moving word) internal pure returns (uint24) {
        return uint24(Moving.unwrap(word) >> 96);
    }

    function components(Moving word) internal pure returns (uint8) {
        return uint8(Moving.unwrap(word) >> 120);
    }

    function cap0(Moving word) internal pure returns (uint64) {
        return uint64(Moving.unwrap(word) >> 128);
    }

    function cap1(Moving word) internal pure returns (uint64) {
        return uint64(Moving.unwrap(word) >> 192);
    }

    // forge-lint: disable-end(unsafe-typecast)

    /// @dev The caller has checked that it is at most `MAX_RESERVE`.
    function withReserve(Moving word, uint256 reserve_) internal pure returns (Moving) {
        return Moving.wrap((Moving.unwrap(word) & ~MAX_RESERVE) | reserve_);
    }

    function withPokedUntil(Moving word, uint24 pokedUntil_) internal pure returns (Moving) {
        uint256 kept = Moving.unwrap(word) & ~(uint256(type(uint24).max) << 96);
        return Moving.wrap(kept | (uint256(pokedUntil_) << 96));
    }
}
