// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded values.
// forge-lint: disable-start(unsafe-typecast)

import {IListing} from "../../../contracts/interfaces/IListing.sol";
import {INonfungiblePositionManager} from "../../../contracts/interfaces/INonfungiblePositionManager.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {ReentrantToken} from "../mocks/OddTokens.sol";
import {IPool, UniswapTest} from "./UniswapTest.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

// list
// ├── when the deadline has passed → reverts TooLate
// ├── when the factory does not know the fee → reverts NoSuchFee
// ├── when the price is outside of what the box can be worth, or the box matured → reverts PriceOutsideBounds
// ├── when less becomes liquidity than wanted → reverts TooLittleListed
// ├── when the reward token calls back → it gets Reentered
// ├── otherwise, in both orders of the tokens and for every fee → facade, pool at the price, liquidity over the bounds,
// │   the rest back, nothing stays
// │   ├── when the facade is there, with or without balances → the same
// │   └── when the pool is there without a price → the same
// └── when somebody has started the pool at any price
//     ├── without liquidity → the same, at no cost, and from either end within half of a block's gas
//     ├── within the tolerance → takes the pool as it is
//     ├── with liquidity anywhere → lists at the price and loses no more than the pool's fee, or reverts PoolPriceOff
//     └── with liquidity that wants what the caller has not → reverts PoolWantsMore
contract ListingListTest is UniswapTest {
    uint128 private constant QUANTITY = 10e18;
    uint256 private constant CASH = 1e8;
    uint24 private constant FEE = 3000;

    struct Case {
        bool positionIs0;
        uint8 fee;
        uint8 length;
        uint8 known;
        uint256 price;
        uint128 quantity;
        uint64 cash;
    }

    /* REFUSALS */

    function testFuzz_list_revertsIfLate(uint256 deadline) public {
        deadline = bound(deadline, 0, block.timestamp - 1);
        IListing.Offer memory offer = offerOf(fullLong(30), FEE, 1e24);
        offer.deadline = deadline;

        vm.expectRevert(abi.encodeWithSelector(IListing.TooLate.selector, deadline, block.timestamp));
        listing.list(offer);
    }

    function testFuzz_list_revertsIfFeeUnknown(uint24 fee) public {
        vm.assume(fee != 500 && fee != 3000 && fee != 10_000);

        vm.expectRevert(abi.encodeWithSelector(IListing.NoSuchFee.selector, fee));
        listing.list(offerOf(fullLong(30), fee, 1e24));
    }

    function testFuzz_list_revertsIfPriceOutsideBounds(uint256 price) public {
        pokeWith(40_000e18, 1000e18);
        pokeWith(40_000e18, 1000e18);
        uint256 least = 82_000e18;
        uint256 most = least + 28 * 64_000e18;
        vm.assume(price < least || price > most);

        vm.expectRevert(abi.encodeWithSelector(IListing.PriceOutsideBounds.selector, price, least, most));
        listing.list(offerOf(fullLong(30), FEE, price));
    }

    function test_list_revertsIfMatured() public {
        pokeWith(40_000e18, 1000e18);

        vm.expectRevert(
            abi.encodeWithSelector(IListing.PriceOutsideBounds.selector, 41_000e18, 41_000e18, 41_000e18)
        );
        listing.list(offerOf(fullLong(1), FEE, 41_000e18));
    }

    function testFuzz_list_revertsIfTooLittleListed(bool ofCash, uint128 more) public {
        IListing.Offer memory offer = offerOf(fullLong(30), FEE, 1e24);
        (offer.quantity, offer.cash) = (QUANTITY, CASH);
        equip(miner, offer.id, QUANTITY, CASH);
        uint256 snapshot = vm.snapshotState();
        vm.prank(miner);
        (,, uint256 quantity, uint256 cash) = listing.list(offer);
        vm.revertToState(snapshot);

        offer.quantityMin = uint128(quantity);
        offer.cashMin = cash;
        if (ofCash) offer.cashMin += bound(more, 1, type(uint64).max);
        else offer.quantityMin += uint128(bound(more, 1, type(uint64).max));
        vm.expectRevert(
            abi.encodeWithSelector(
                IListing.TooLittleListed.selector, quantity, offer.quantityMin, cash, offer.cashMin
            )
        );
        vm.prank(miner);
        listing.list(offer);
        assertFalse(ledger.hasFacade(offer.id));
    }

    function test_list_revertsIfReentered() public {
        ReentrantToken reentrant = new ReentrantToken();
        useToken(address(reentrant));
        IListing.Offer memory offer = offerOf(fullLong(30), FEE, 1e24);
        (offer.quantity, offer.cash) = (QUANTITY, CASH);
        equip(miner, offer.id, QUANTITY, CASH);

        IListing.Offer memory nothing = offerOf(offer.id, FEE, 1e24);
        reentrant.arm(address(listing), abi.encodeCall(IListing.list, (nothing)));
        vm.prank(miner);
        listing.list(offer);
        assertEq(bytes4(reentrant.answer()), IListing.Reentered.selector);
        assertNothingStays(offer.id);
    }

    /* LISTS */

    function testFuzz_list_opensAMarket(Case memory given) public {
        IListing.Offer memory offer = _prepared(given);

        (IPool pool, uint256 tokenId, uint256 quantity, uint256 cash) = _listed(offer);

        assertEq(address(pool), factory.getPool(ledger.facadeOf(offer.id), address(token), offer.fee));
        assertEq(address(pool), listing.poolOf(offer.id, offer.fee));
        _assertPrice(pool, given.positionIs0, offer.price);
        assertEq(manager.ownerOf(tokenId), miner);
        _assertRange(tokenId, given);
        assertEq(facadeOf(offer.id).balanceOf(address(pool)), quantity);
        assertEq(token.balanceOf(address(pool)), cash);
        _assertRestBack(offer, quantity, cash);
    }

    function testFuzz_list_takesTheFacadeThatIsThere(Case memory given, uint128 gift) public {
        IListing.Offer memory offer = _prepared(given);
        gift = uint128(bound(gift, 1, 1e24));
        escrowAs(anyone, offer.id, gift);
        vm.startPrank(anyone);
        address facade = ledger.deployFacade(offer.id);
        // By mistake, or to disturb.
        assertTrue(facadeOf(offer.id).transfer(address(listing), gift / 2));
        assertTrue(facadeOf(offer.id).transfer(facade, gift - gift / 2));
        vm.stopPrank();
        fund(address(listing), gift);

        (,, uint256 quantity, uint256 cash) = _listed(offer);
        assertEq(balanceOf(address(listing), offer.id), gift / 2, "a gift moved");
        assertEq(token.balanceOf(address(listing)), gift, "a gift moved");
        assertEq(balanceOf(miner, offer.id), offer.quantity - quantity);
        assertEq(token.balanceOf(miner), offer.cash - cash);
    }

    function testFuzz_list_startsAPoolWithoutPrice(Case memory given) public {
        IListing.Offer memory offer = _prepared(given);
        factory.createPool(ledger.facadeOf(offer.id), address(token), offer.fee);

        (IPool pool,, uint256 quantity, uint256 cash) = _listed(offer);
        _assertPrice(pool, given.positionIs0, offer.price);
        _assertRestBack(offer, quantity, cash);
    }

    /* SOMEBODY WAS THERE BEFORE */

    function testFuzz_list_movesAnEmptyPoolForNothing(Case memory given, uint160 started) public {
        IListing.Offer memory offer = _prepared(given);
        uint256 snapshot = vm.snapshotState();
        (,, uint256 quantity, uint256 cash) = _listed(offer);
        vm.revertToState(snapshot);
        _start(offer, started);

        (IPool pool, uint256 tokenId, uint256 quantityNow, uint256 cashNow) = _listed(offer);
        _assertPrice(pool, given.positionIs0, offer.price);
        _assertRange(tokenId, given);
        assertEq(quantityNow, quantity);
        assertEq(cashNow, cash);
        _assertRestBack(offer, quantity, cash);
    }

    /// @dev The finest grid, from the ends of the span: nothing is further away. A block of L2 has 30 million.
    /// forge-config: default.isolate = true
    function test_list_movesAnEmptyPool_withinHalfABlock() public {
        uint160[2] memory ends = [MIN_SQRT, MAX_SQRT];
        for (uint256 i = 0; i < ends.length; i++) {
            useOrder(i == 1);
            IListing.Offer memory offer = offerOf(fullLong(30), 500, 1e24);
            (offer.quantity, offer.cash) = (QUANTITY, CASH);
            equip(miner, offer.id, QUANTITY, CASH);
            _start(offer, ends[i]);

            vm.prank(miner);
            listing.list(offer);
            uint256 used = vm.lastCallGas().gasTotalUsed;
            emit log_named_uint("list, pool moved over most of its span", used);
            assertLe(used, 15_000_000);
        }
    }

    function testFuzz_list_takesAPoolWithinTheTolerance(Case memory given, uint16 toleranceBps, int256 off)
        public
    {
        IListing.Offer memory offer = _prepared(given);
        offer.toleranceBps = uint16(bound(toleranceBps, 1, 10_000));
        uint160 wanted = listing.sqrtPriceOf(offer.id, offer.price);
        // In roots: half of what it is in prices.
        int256 most = int256(uint256(wanted) * offer.toleranceBps / 20_000);
        uint160 started = uint160(uint256(int256(uint256(wanted)) + bound(off, -most, most)));
        started = _start(offer, started);

        (IPool pool,, uint256 quantity, uint256 cash) = _listed(offer);
        assertEq(sqrtPriceOf(pool), started);
        _assertRestBack(offer, quantity, cash);
    }

    struct Grief {
        uint160 started;
        int24 lower;
        int24 upper;
        uint64 quantity;
        uint64 cash;
    }

    function testFuzz_list_losesNoMoreThanTheFeeToLiquidityOnTheWay(Case memory given, Grief memory grief)
        public
    {
        IListing.Offer memory offer = _prepared(given);
        _start(offer, grief.started);
        _addLiquidity(offer, given.positionIs0, grief);
        IPool pool = IPool(listing.poolOf(offer.id, offer.fee));
        uint256 soldBefore = facadeOf(offer.id).balanceOf(address(pool));
        uint256 paidBefore = token.balanceOf(address(pool));

        vm.prank(miner);
        try listing.list(offer) returns (address, uint256, uint256 quantity, uint256 cash) {
            _assertPrice(pool, given.positionIs0, offer.price);
            assertNothingStays(offer.id);
            // What the miner has lost to others is what the pool got beyond his liquidity.
            int256 lostQuantity =
                int256(facadeOf(offer.id).balanceOf(address(pool))) - int256(soldBefore + quantity);
            int256 lostCash = int256(token.balanceOf(address(pool))) - int256(paidBefore + cash);
            _assertFair(offer, lostQuantity, lostCash);
            assertEq(
                int256(balanceOf(miner, offer.id)),
                int256(uint256(offer.quantity)) - int256(quantity) - lostQuantity
            );
            assertEq(int256(token.balanceOf(miner)), int256(offer.cash) - int256(cash) - lostCash);
        } catch (bytes memory reason) {
            assertTrue(
                bytes4(reason) == IListing.PoolPriceOff.selector
                    || bytes4(reason) == IListing.PoolWantsMore.selector,
                vm.toString(reason)
            );
            assertEq(balanceOf(miner, offer.id), offer.quantity);
            assertEq(token.balanceOf(miner), offer.cash);
        }
    }

    function testFuzz_list_revertsIfPoolWantsMore(bool positionIs0) public {
        useOrder(positionIs0);
        BoxId long = fullLong(30);
        listLong(long, FEE, 1e24, QUANTITY);
        IListing.Offer memory offer = offerOf(long, FEE, 1.1e24);
        offer.quantity = QUANTITY;
        equip(miner, long, QUANTITY, 0);

        // To raise the price takes cash.
        vm.expectRevert(abi.encodeWithSelector(IListing.PoolWantsMore.selector, 1, 0));
        vm.prank(miner);
        listing.list(offer);
    }

    function testFuzz_list_revertsIfPoolPriceOff(bool positionIs0, uint64 cash) public {
        useOrder(positionIs0);
        BoxId long = fullLong(30);
        IPool pool = listLong(long, FEE, 1e24, QUANTITY);
        IListing.Offer memory offer = offerOf(long, FEE, 1.1e24);
        offer.cash = bound(cash, 1, 1e5);
        equip(miner, long, 0, offer.cash);
        uint160 wanted = listing.sqrtPriceOf(long, offer.price);
        uint160 before = sqrtPriceOf(pool);

        vm.prank(miner);
        try listing.list(offer) {
            fail();
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), IListing.PoolPriceOff.selector);
            (uint160 reached, uint160 named) = abi.decode(_arguments(reason), (uint160, uint160));
            assertEq(named, wanted);
            assertTrue(
                positionIs0 ? reached >= before && reached < wanted : reached <= before && reached > wanted
            );
        }
    }

    /* INTERNALS */

    function _prepared(Case memory given) private returns (IListing.Offer memory offer) {
        useOrder(given.positionIs0);
        given.length = uint8(bound(given.length, 1, 200));
        given.known = uint8(bound(given.known, 0, given.length - 1));
        for (uint256 i = 0; i < given.known; i++) {
            pokeWith(uint256(keccak256(abi.encode(i))) % 58_000e18, 0);
        }
        BoxId long = fullLong(given.length);
        (uint256 least, uint256 most) = ledger.boundsOf(long);
        given.price = bound(given.price, least > 1e18 ? least : 1e18, most);
        (uint24 fee,) = feeOf(given.fee);
        offer = offerOf(long, fee, given.price);
        offer.quantity = uint128(bound(given.quantity, 1e15, 1e24));
        offer.cash = bound(given.cash, 1e4, 1e15);
        equip(miner, long, offer.quantity, offer.cash);
    }

    function _listed(IListing.Offer memory offer)
        private
        returns (IPool pool, uint256 tokenId, uint256 quantity, uint256 cash)
    {
        address at;
        vm.prank(miner);
        (at, tokenId, quantity, cash) = listing.list(offer);
        pool = IPool(at);
    }

    function _start(IListing.Offer memory offer, uint160 started) private returns (uint160) {
        started = uint160(bound(started, MIN_SQRT, MAX_SQRT));
        IPool(factory.createPool(ledger.facadeOf(offer.id), address(token), offer.fee)).initialize(started);
        return started;
    }

    function _addLiquidity(IListing.Offer memory offer, bool positionIs0, Grief memory grief) private {
        int24 spacing = offer.fee == 500 ? int24(10) : offer.fee == 3000 ? int24(60) : int24(200);
        int24 last = 887_272 / spacing;
        grief.lower = int24(bound(grief.lower, -last, last - 1)) * spacing;
        grief.upper = int24(bound(grief.upper, grief.lower / spacing + 1, last)) * spacing;
        equip(anyone, offer.id, uint128(bound(grief.quantity, 1, 1e19)), bound(grief.cash, 1, 1e12));
        address facade = ledger.deployFacade(offer.id);
        INonfungiblePositionManager.MintParams memory params;
        (params.token0, params.token1) = positionIs0 ? (facade, address(token)) : (address(token), facade);
        (params.amount0Desired, params.amount1Desired) =
        (IERC20Like(params.token0).balanceOf(anyone), IERC20Like(params.token1).balanceOf(anyone));
        (params.fee, params.tickLower, params.tickUpper) = (offer.fee, grief.lower, grief.upper);
        (params.recipient, params.deadline) = (anyone, block.timestamp);
        vm.startPrank(anyone);
        facadeOf(offer.id).approve(address(manager), NEVER);
        // Where the range has no room for the amounts there is no liquidity.
        try manager.mint(params) {} catch {}
        vm.stopPrank();
    }

    /// @dev At the price that the miner named himself, trading on the way costs the pool's fee at most.
    function _assertFair(IListing.Offer memory offer, int256 lostQuantity, int256 lostCash) private pure {
        int256 scaled = int256(offer.price / 1e9);
        int256 lost = lostQuantity * scaled + lostCash * 1e27;
        uint256 traded = uint256(lostQuantity > 0 ? lostQuantity * scaled : lostCash * 1e27);
        if (lostQuantity <= 0 && lostCash <= 0) traded = 0;
        // A pool goes in steps of at most 256 grid lines, and rounds amount and fee of each against the trader.
        uint256 steps = 2 * 887_272 / (256 * uint256(offer.fee / 50)) + 4;
        assertLe(lost, int256(traded * offer.fee / 1e6 + steps * 2e27), "lost more than the fee");
    }

    /// @dev To within a billionth, without the rounding of any of our own code.
    function _assertPrice(IPool pool, bool positionIs0, uint256 price) private view {
        uint256 sqrtX96 = sqrtPriceOf(pool);
        // sqrt² / 2^192 · 1e36, or its inverse.
        uint256 square = Math.mulDiv(sqrtX96, sqrtX96, 1 << 96);
        uint256 seen = positionIs0 ? Math.mulDiv(square, 1e36, 1 << 96) : Math.mulDiv(1e36, 1 << 96, square);
        assertApproxEqRel(seen, price, 1e9);
    }

    /// @dev Recomputed from the days, and from ticks as Uniswap finds them.
    function _assertRange(uint256 tokenId, Case memory given) private {
        (,,,,, int24 lower, int24 upper, uint128 liquidity,,,,) = manager.positions(tokenId);
        assertGt(liquidity, 0);
        uint256 least = 0;
        for (uint256 i = 0; i < given.known; i++) {
            least += uint256(keccak256(abi.encode(i))) % 58_000e18;
        }
        uint256 most = least + uint256(given.length - given.known) * 64_000e18;
        (, int24 spacing) = feeOf(given.fee);
        (int24 a, int24 b) = (_tickOfPrice(least, given.positionIs0), _tickOfPrice(most, given.positionIs0));
        (int24 low, int24 high) = a < b ? (a, b) : (b, a);
        assertTrue(lower <= low || lower - spacing < -887_272, "not below");
        assertTrue(upper >= high + 1 || upper + spacing > 887_272, "not above");
        assertTrue(low - lower <= spacing, "too low");
        assertTrue(upper - high <= spacing + 1, "too high");
    }

    /// @dev Asks a pool of two other tokens.
    function _tickOfPrice(uint256 price, bool positionIs0) private returns (int24) {
        if (price == 0) return positionIs0 ? -887_272 : int24(887_271);
        // 2^96 · sqrt(price / 1e36), or its inverse, with all digits that fit.
        uint256 root = Math.sqrt(price << 96);
        uint256 sqrtX96 = positionIs0 ? (root << 48) / 1e18 : (1e18 << 144) / root;
        uint256 snapshot = vm.snapshotState();
        IPool pool = IPool(factory.createPool(address(1), address(2), 3000));
        pool.initialize(uint160(sqrtX96));
        int24 tick = tickOf(pool);
        vm.revertToState(snapshot);
        return tick;
    }

    function _assertRestBack(IListing.Offer memory offer, uint256 quantity, uint256 cash) private view {
        assertEq(balanceOf(miner, offer.id), offer.quantity - quantity, "LONG back");
        assertEq(token.balanceOf(miner), offer.cash - cash, "cash back");
        assertNothingStays(offer.id);
    }

    function _arguments(bytes memory reason) private pure returns (bytes memory arguments) {
        arguments = new bytes(reason.length - 4);
        for (uint256 i = 0; i < arguments.length; i++) {
            arguments[i] = reason[i + 4];
        }
    }
}

interface IERC20Like {
    function balanceOf(address account) external view returns (uint256);
}
// forge-lint: disable-end(unsafe-typecast)
