// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";

/// @notice Boxes over the first `EPOCHS` epochs of an index of up to eight components, and a model of what they pay that
///         shares no formula with the ledger: whole numbers with a sign, the short as what the long leaves of the width.
abstract contract BoxTest is BaseTest {
    uint24 internal constant EPOCHS = 6;
    uint256 internal constant VALUE_SCALE = 1e36;
    uint128 internal constant UNIT = 1e18;
    /// @dev Enough for the products of quantities and values to have digits below the scale.
    uint128 internal constant MOST = 1e24;

    /// @dev Of `index`, in ticks.
    uint64[] internal caps;

    function setUp() public virtual override {
        super.setUp();
        caps = termsOf(address(token), address(source)).caps;
    }

    /* INDICES */

    /// @dev From now on `index` is one with `count` components.
    function useComponents(uint256 count) internal {
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        terms.caps = new uint64[](count);
        for (uint256 k = 0; k < count; k++) {
            terms.caps[k] = uint64(1000 + 37 * k);
        }
        caps = terms.caps;
        index = ledger.register(terms);
    }

    /// @dev A day whose rewards are up to a tenth above the caps, and mostly between two ticks.
    function pokeRandom(uint256 seed) internal {
        uint24 day = ledger.pokedUntil(index);
        uint256[] memory rewards = new uint256[](caps.length);
        for (uint256 k = 0; k < rewards.length; k++) {
            uint256 most = uint256(caps[k]) * TICK * 11 / 10;
            rewards[k] = uint256(keccak256(abi.encode(seed, day, k))) % (most + 1);
        }
        source.set(BTC, day, rewards);
        ledger.poke(index);
    }

    function pokeDays(uint256 seed, uint256 count) internal {
        for (uint256 d = 0; d < count; d++) {
            pokeRandom(seed);
        }
    }

    /* BOXES */

    /// @dev Some canonical box, of either side. One in four is full, half of the others begin or end where the index does.
    function toBox(Box memory box) internal view returns (BoxId) {
        box.mask = uint8(bound(box.mask, 1, 2 ** caps.length - 1));
        box.index = index;
        box.start = uint24(bound(box.start, FIRST_EPOCH, FIRST_EPOCH + EPOCHS - 1));
        box.end = uint24(bound(box.end, box.start + 1, FIRST_EPOCH + EPOCHS));
        uint256 top = modelTop(Boxes.pack(box));
        uint256 kind = uint256(keccak256(abi.encode(box.lo, box.hi))) % 4;
        if (kind < 2) box.lo = 0;
        if (kind == 0 || kind == 2) box.hi = Boxes.MAX_STRIKE;
        box.lo = uint64(bound(box.lo, 0, top - 1));
        if (box.hi == Boxes.MAX_STRIKE) return Boxes.pack(box);
        box.hi = uint64(bound(box.hi, box.lo + 1, 2 * top));
        if (box.hi >= top) box.hi = Boxes.MAX_STRIKE;
        return Boxes.pack(box);
    }

    function toLong(Box memory box) internal view returns (BoxId) {
        box.isShort = false;
        return toBox(box);
    }

    function toFull(Box memory box) internal view returns (BoxId) {
        toBox(box);
        (box.lo, box.hi) = (0, Boxes.MAX_STRIKE);
        return Boxes.pack(box);
    }

    /// @dev LONG of all components over `[first, first + length)`, counted from the first epoch.
    function slice(uint24 from, uint24 to, uint64 lo, uint64 hi) internal view returns (BoxId) {
        uint8 mask = uint8(2 ** caps.length - 1);
        return Boxes.pack(Box(false, mask, index, FIRST_EPOCH + from, FIRST_EPOCH + to, lo, hi));
    }

    /// @dev Gives `who` some of a box by escrow of its long side. The other side goes to nobody in particular.
    function give(address who, BoxId id, uint128 quantity) internal returns (uint256 cash) {
        BoxId long = id.isShort() ? mirrorInModel(id) : id;
        fund(miner, ledger.previewEscrow(long, quantity));
        address other = address(0xdead);
        vm.prank(miner);
        return
            id.isShort()
                ? ledger.escrow(long, quantity, other, who)
                : ledger.escrow(long, quantity, who, other);
    }

    /* MODEL */

    /// @dev In ticks.
    function modelTop(BoxId id) internal view returns (uint256 top) {
        for (uint256 k = 0; k < caps.length; k++) {
            if ((id.mask() >> k) & 1 == 1) top += uint256(caps[k]) * (uint256(id.end()) - id.start());
        }
    }

    function mirrorInModel(BoxId id) internal view returns (BoxId) {
        Box memory box = id.unpack();
        uint256 top = modelTop(id);
        uint256 ceiling = box.hi == Boxes.MAX_STRIKE ? top : box.hi;
        (uint256 lo, uint256 hi) = (top - ceiling, top - box.lo);
        (box.isShort, box.lo) = (!box.isShort, uint64(lo));
        box.hi = hi == top ? Boxes.MAX_STRIKE : uint64(hi);
        return Boxes.pack(box);
    }

    /// @dev In index values.
    function widthInModel(BoxId id) internal view returns (uint256) {
        uint256 top = modelTop(id);
        return ((id.hi() > top ? top : id.hi()) - id.lo()) * TICK;
    }

    /// @dev What one unit pays when the components earned `earned`: what lies between the strikes, from the long's view.
    function payoffInModel(BoxId id, uint256 earned) internal view returns (uint256) {
        if (id.isShort()) return widthInModel(id) - payoffInModel(mirrorInModel(id), earned);
        int256 above = int256(earned) - int256(uint256(id.lo()) * TICK);
        int256 width = int256(widthInModel(id));
        return uint256(above < 0 ? int256(0) : above > width ? width : above);
    }

    /// @dev What the components earned from the start of the box up to `until`, day by day.
    function earnedBefore(BoxId id, uint24 until) internal view returns (uint256 earned) {
        for (uint8 k = 0; k < caps.length; k++) {
            if ((id.mask() >> k) & 1 == 0) continue;
            for (uint24 d = id.start(); d < until; d++) {
                earned += ledger.prefixSum(index, k, d + 1) - ledger.prefixSum(index, k, d);
            }
        }
    }

    /* ASSERTIONS */

    function assertSame(BoxId a, BoxId b) internal pure {
        assertEq(BoxId.unwrap(a), BoxId.unwrap(b));
    }

    function assertHas(address who, BoxId id, uint256 amount) internal view {
        assertEq(balanceOf(who, id), amount);
    }

    function expectNotEnough(address who, BoxId id, uint256 has, uint256 needs) internal {
        vm.expectRevert(
            abi.encodeWithSignature(
                "ERC6909InsufficientBalance(address,uint256,uint256,uint256)",
                who,
                has,
                needs,
                BoxId.unwrap(id)
            )
        );
    }
}
