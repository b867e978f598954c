// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {IListing} from "../../../contracts/interfaces/IListing.sol";
import {INonfungiblePositionManager} from "../../../contracts/interfaces/INonfungiblePositionManager.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {ReentrantToken} from "../mocks/OddTokens.sol";
import {PermitToken} from "../mocks/PermitToken.sol";
import {IPool, UniswapTest} from "./UniswapTest.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

// buyShort
// ├── when the deadline has passed → reverts TooLate
// ├── when there is no pool → reverts NoPool
// ├── when the id is a SHORT → reverts NotLong
// ├── when the cost is above the limit → reverts CostTooHigh, and nothing changed
// ├── when the pool cannot take all of the LONG → reverts PoolTooShallow
// ├── when the reward token calls back → it gets Reentered
// ├── otherwise, in both orders → takes the width less what the pool pays anybody, gives SHORT, keeps nothing
// ├── when the pool pays more than the width → gives the difference
// └── within the budget of gas
// sellShort
// ├── late, no pool, too shallow → the same
// ├── when the proceeds are below the limit, or negative → reverts ProceedsTooLow
// ├── when the caller has not the SHORT, or has not allowed it → reverts
// └── otherwise → pays the width less what the pool asks of anybody, burns SHORT and LONG, keeps nothing
// both
// ├── there and back costs the pool's fees and rounding, no more
// └── any order of calls by several → the listing holds nothing, the ledger's reserve covers the supply
// uniswapV3SwapCallback
// └── when called by anybody, or by a pool out of turn → reverts NotPool
// permit
// ├── in a multicall → buys without an allowance before
// └── used by somebody before, or refused → goes on
contract ListingShortTest is UniswapTest {
    uint24 private constant FEE = 3000;
    uint128 private constant DEPTH = 1000e18;
    uint256 private constant PRICE = 1e24;

    struct Case {
        bool positionIs0;
        uint64 price;
        uint128 quantity;
    }

    IPool private _pool;
    BoxId private _long;

    /* BUYING */

    function testFuzz_buyShort_costsTheWidthLessWhatThePoolPays(Case memory given) public {
        _open(given);
        uint256 paid = _ask(given.quantity, true);
        uint256 width = ledger.previewEscrow(_long, given.quantity);
        fund(buyer, width);
        uint256 poolLong = balanceOf(address(_pool), _long);
        uint256 poolCash = token.balanceOf(address(_pool));

        vm.prank(buyer);
        int256 cost = listing.buyShort(_long, FEE, given.quantity, width, block.timestamp, anyone);

        assertEq(cost, int256(width) - int256(paid));
        assertEq(token.balanceOf(buyer), width - uint256(cost));
        assertEq(balanceOf(anyone, ledger.mirrorOf(_long)), given.quantity);
        assertEq(balanceOf(address(_pool), _long), poolLong + given.quantity);
        assertEq(token.balanceOf(address(_pool)), poolCash - paid);
        assertEq(facadeOf(_long).balanceOf(address(_pool)), poolLong + given.quantity);
        assertNothingStays(_long);
    }

    function testFuzz_buyShort_revertsIfCostTooHigh(Case memory given, uint256 limit) public {
        _open(given);
        uint256 width = ledger.previewEscrow(_long, given.quantity);
        fund(buyer, width);
        uint256 cost = width - _ask(given.quantity, true);
        vm.assume(cost > 0);
        limit = bound(limit, 0, cost - 1);
        bytes32 before = _books();

        vm.expectRevert(abi.encodeWithSelector(IListing.CostTooHigh.selector, cost, limit));
        vm.prank(buyer);
        listing.buyShort(_long, FEE, given.quantity, limit, block.timestamp, buyer);
        assertEq(_books(), before);
    }

    function testFuzz_buyShort_revertsIfPoolTooShallow(bool positionIs0, uint128 quantity) public {
        _open(Case(positionIs0, uint64(1e6), 1));
        // More than the range has room for, before LONG is worth no more than the certain 5,000.
        quantity = uint128(bound(quantity, 1e23, 1e25));
        fund(buyer, type(uint96).max);

        vm.prank(buyer);
        try listing.buyShort(_long, FEE, quantity, NEVER, block.timestamp, buyer) {
            fail();
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), IListing.PoolTooShallow.selector);
        }
    }

    function testFuzz_buyShort_givesTheDifferenceWhereThePoolPaysMore(bool positionIs0, uint64 quantity)
        public
    {
        _open(Case(positionIs0, uint64(1e6), 1));
        // Somebody pays more for LONG than it can ever bring: the price leaves the range at its upper end, behind which his
        // own liquidity would begin; here a second pool, with a price of its own.
        quantity = uint64(bound(quantity, 1e14, 1e16));
        IPool dear = _dearPool(positionIs0);
        uint256 width = ledger.previewEscrow(_long, quantity);
        uint256 snapshot = vm.snapshotState();
        escrowAs(anyone, _long, quantity);
        vm.startPrank(anyone);
        assertTrue(facadeOf(_long).transfer(address(trader), quantity));
        vm.stopPrank();
        (, uint256 paid) =
            trader.swap(dear, facadeOf(_long), IERC20(address(token)), int256(uint256(quantity)));
        vm.revertToState(snapshot);
        assertGt(paid, width);

        // Without a satoshi, and without an allowance.
        vm.prank(buyer);
        int256 cost = listing.buyShort(_long, 500, quantity, 0, block.timestamp, buyer);
        assertEq(cost, int256(width) - int256(paid));
        assertEq(token.balanceOf(buyer), paid - width);
        assertEq(balanceOf(buyer, ledger.mirrorOf(_long)), quantity);
        assertNothingStays(_long);
    }

    function test_buyShort_revertsIfReentered() public {
        ReentrantToken reentrant = new ReentrantToken();
        useToken(address(reentrant));
        _long = fullLong(30);
        listLong(_long, FEE, PRICE, DEPTH);
        fund(buyer, 1e18);
        vm.prank(buyer);
        token.approve(address(listing), NEVER);

        reentrant.arm(
            address(listing),
            abi.encodeCall(IListing.sellShort, (_long, FEE, 1, 0, NEVER, address(reentrant)))
        );
        vm.prank(buyer);
        listing.buyShort(_long, FEE, 1e18, NEVER, NEVER, buyer);
        assertEq(bytes4(reentrant.answer()), IListing.Reentered.selector);
        assertNothingStays(_long);
    }

    /* SELLING */

    function testFuzz_sellShort_paysTheWidthLessWhatThePoolAsks(Case memory given) public {
        _open(given);
        given.quantity = uint128(bound(given.quantity, 1, balanceOf(address(_pool), _long) / 4));
        _hold(buyer, given.quantity);
        uint256 asked = _ask(given.quantity, false);
        uint256 width = ledger.previewMerge(_long, given.quantity);
        uint256 poolLong = balanceOf(address(_pool), _long);
        if (asked > width) {
            vm.expectRevert(
                abi.encodeWithSelector(IListing.ProceedsTooLow.selector, int256(width) - int256(asked), 0)
            );
            vm.prank(buyer);
            listing.sellShort(_long, FEE, given.quantity, 0, block.timestamp, anyone);
            return;
        }

        vm.prank(buyer);
        uint256 proceeds =
            listing.sellShort(_long, FEE, given.quantity, width - asked, block.timestamp, anyone);
        assertEq(proceeds, width - asked);
        assertEq(token.balanceOf(anyone), proceeds);
        assertEq(balanceOf(buyer, ledger.mirrorOf(_long)), 0);
        assertEq(balanceOf(address(_pool), _long), poolLong - given.quantity);
        assertNothingStays(_long);
    }

    function testFuzz_sellShort_revertsIfProceedsTooLow(Case memory given, uint128 more) public {
        _open(given);
        given.quantity = uint128(bound(given.quantity, 1, balanceOf(address(_pool), _long) / 4));
        _hold(buyer, given.quantity);
        int256 proceeds =
            int256(ledger.previewMerge(_long, given.quantity)) - int256(_ask(given.quantity, false));
        uint256 limit = (proceeds < 0 ? 0 : uint256(proceeds)) + bound(more, 1, type(uint128).max);
        bytes32 before = _books();

        vm.expectRevert(abi.encodeWithSelector(IListing.ProceedsTooLow.selector, proceeds, limit));
        vm.prank(buyer);
        listing.sellShort(_long, FEE, given.quantity, limit, block.timestamp, buyer);
        assertEq(_books(), before);
    }

    function testFuzz_sellShort_revertsIfPoolTooShallow(bool positionIs0, uint128 quantity) public {
        _open(Case(positionIs0, uint64(1e6), 1));
        quantity = uint128(bound(quantity, DEPTH * 2, 1e24));
        _hold(buyer, quantity);

        vm.prank(buyer);
        try listing.sellShort(_long, FEE, quantity, 0, block.timestamp, buyer) {
            fail();
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), IListing.PoolTooShallow.selector);
        }
    }

    function testFuzz_sellShort_revertsIfNotAllowed(Case memory given) public {
        _open(given);
        escrowAs(buyer, _long, 1e18);
        vm.expectRevert();
        vm.prank(buyer);
        listing.sellShort(_long, FEE, 1e17, 0, block.timestamp, buyer);

        _hold(buyer, 1);
        vm.expectRevert();
        vm.prank(anyone);
        listing.sellShort(_long, FEE, 1e17, 0, block.timestamp, anyone);
    }

    /* BOTH */

    function testFuzz_bothWays_revertIfLateOrWithoutAPool(bool sell, uint24 fee, uint256 deadline) public {
        _open(Case(true, uint64(1e6), 1));
        deadline = bound(deadline, 0, block.timestamp - 1);
        vm.expectRevert(abi.encodeWithSelector(IListing.TooLate.selector, deadline, block.timestamp));
        _trade(sell, FEE, deadline);

        vm.assume(fee != FEE);
        vm.expectRevert(abi.encodeWithSelector(IListing.NoPool.selector, _long, fee));
        _trade(sell, fee, NEVER);
    }

    function test_bothWays_revertIfShort() public {
        _open(Case(true, uint64(1e6), 1));
        _long = ledger.mirrorOf(_long);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotLong.selector, _long));
        _trade(false, FEE, NEVER);
        vm.expectRevert(abi.encodeWithSelector(ILedger.NotLong.selector, _long));
        _trade(true, FEE, NEVER);
    }

    function testFuzz_bothWays_thereAndBackCostsTheFees(Case memory given) public {
        _open(given);
        // So much that rounding does not make the way back a loss.
        given.quantity += 1e15;
        uint256 width = ledger.previewEscrow(_long, given.quantity);
        fund(buyer, width);
        vm.startPrank(buyer);
        ledger.approve(address(listing), BoxId.unwrap(ledger.mirrorOf(_long)), NEVER);
        listing.buyShort(_long, FEE, given.quantity, width, NEVER, buyer);
        listing.sellShort(_long, FEE, given.quantity, 0, NEVER, buyer);
        vm.stopPrank();

        uint256 lost = width - token.balanceOf(buyer);
        // Two fees of at most the listed price, which the way back passes by what the first fee kept from the pool; and
        // everything is rounded against the trader.
        uint256 listed = uint256(given.quantity) * given.price / 1e18;
        assertLe(lost, listed * FEE * 203 / 100 / (1e6 - FEE) + 6);
        assertNothingStays(_long);
    }

    function testFuzz_bothWays_nothingStaysInAnyOrder(bool positionIs0, uint256[8] memory seeds) public {
        _open(Case(positionIs0, uint64(1e6), 1));
        address[3] memory people = [buyer, miner, anyone];
        for (uint256 i = 0; i < people.length; i++) {
            _hold(people[i], 1e18);
            fund(people[i], 1e12);
            vm.prank(people[i]);
            ledger.setOperator(address(listing), true);
        }
        uint256 total = token.balanceOf(address(_pool)) + token.balanceOf(address(ledger)) + _held(people);

        for (uint256 i = 0; i < seeds.length; i++) {
            uint128 quantity = uint128(bound(seeds[i] >> 8, 1, 50e18));
            address who = people[seeds[i] % 3];
            vm.startPrank(who);
            if (seeds[i] >> 4 & 1 == 0) {
                try listing.buyShort(_long, FEE, quantity, NEVER, NEVER, who) {} catch {}
            } else {
                try listing.sellShort(_long, FEE, quantity, 0, NEVER, who) {} catch {}
            }
            vm.stopPrank();
            assertNothingStays(_long);
        }
        assertEq(token.balanceOf(address(_pool)) + token.balanceOf(address(ledger)) + _held(people), total);
        assertEq(supplyOf(_long), supplyOf(ledger.mirrorOf(_long)));
        assertLe(ledger.previewMerge(_long, uint128(supplyOf(_long))), ledger.reserveOf(index));
    }

    /* CALLBACK */

    function testFuzz_uniswapV3SwapCallback_revertsIfNotPool(address caller, int256 a, int256 b) public {
        vm.assume(caller != address(0));
        _open(Case(true, uint64(1e6), 1));
        bytes memory loot = _loot(buyer);
        vm.expectRevert(abi.encodeWithSelector(IListing.NotPool.selector, caller, address(0)));
        vm.prank(caller);
        listing.uniswapV3SwapCallback(a, b, loot);

        // The pool itself, out of turn.
        vm.expectRevert(abi.encodeWithSelector(IListing.NotPool.selector, address(_pool), address(0)));
        vm.prank(address(_pool));
        listing.uniswapV3SwapCallback(a, b, loot);
    }

    function test_uniswapV3SwapCallback_revertsIfTheRewardTokenCallsIt() public {
        ReentrantToken reentrant = new ReentrantToken();
        useToken(address(reentrant));
        _long = fullLong(30);
        IPool pool = listLong(_long, FEE, PRICE, DEPTH);
        fund(buyer, 1e18);
        vm.prank(buyer);
        token.approve(address(listing), NEVER);

        reentrant.arm(
            address(listing),
            abi.encodeCall(listing.uniswapV3SwapCallback, (int256(1e18), int256(-1), _loot(buyer)))
        );
        vm.prank(buyer);
        listing.buyShort(_long, FEE, 1e18, NEVER, NEVER, buyer);
        assertEq(
            reentrant.answer(),
            abi.encodeWithSelector(IListing.NotPool.selector, address(reentrant), address(pool))
        );
    }

    /* PERMIT */

    function test_permit_buysWithoutAnAllowanceBefore() public {
        (address owner, uint256 key) = makeAddrAndKey("owner");
        PermitToken permitted = new PermitToken();
        useToken(address(permitted));
        _long = fullLong(30);
        listLong(_long, FEE, PRICE, DEPTH);
        permitted.mint(owner, 1e12);

        bytes[] memory calls = new bytes[](2);
        calls[0] = _permitCall(permitted, owner, key, 1e12);
        calls[1] = abi.encodeCall(IListing.buyShort, (_long, FEE, 1e18, 1e12, NEVER, owner));
        uint256 snapshot = vm.snapshotState();
        vm.prank(owner);
        listing.multicall(calls);
        assertEq(balanceOf(owner, ledger.mirrorOf(_long)), 1e18);

        // Somebody saw it and was faster.
        vm.revertToState(snapshot);
        (,, uint256 deadline, uint8 v, bytes32 r, bytes32 s) =
            abi.decode(_arguments(calls[0]), (address, uint256, uint256, uint8, bytes32, bytes32));
        vm.prank(anyone);
        permitted.permit(owner, address(listing), 1e12, deadline, v, r, s);
        vm.prank(owner);
        listing.multicall(calls);
        assertEq(balanceOf(owner, ledger.mirrorOf(_long)), 1e18);
    }

    function testFuzz_permit_goesOnWhereTheTokenRefuses(uint256 value, uint8 v, bytes32 r, bytes32 s) public {
        listing.permit(address(new PermitToken()), value, NEVER, v, r, s);
        listing.permit(address(token), value, NEVER, v, r, s);
        listing.permit(address(ledger), value, NEVER, v, r, s);
    }

    /* GAS */

    /// forge-config: default.isolate = true
    function test_buyShort_withinBudget() public {
        _long = fullLong(30);
        listLong(_long, FEE, PRICE, DEPTH);
        emit log_named_uint("list: facade, pool, liquidity", vm.lastCallGas().gasTotalUsed);
        listLong(_long, FEE, PRICE, DEPTH);
        emit log_named_uint("list: more liquidity", vm.lastCallGas().gasTotalUsed);

        address[2] memory buyers = [buyer, anyone];
        for (uint256 i = 0; i < buyers.length; i++) {
            fund(buyers[i], 1e18);
            vm.startPrank(buyers[i]);
            token.approve(address(listing), NEVER);
            listing.buyShort(_long, FEE, 1e18, NEVER, NEVER, buyers[i]);
            vm.stopPrank();
        }
        uint256 used = vm.lastCallGas().gasTotalUsed;
        emit log_named_uint("buy SHORT via the LONG pool, budget 215000", used);
        assertLe(used, 215_000);

        vm.startPrank(anyone);
        ledger.setOperator(address(listing), true);
        listing.sellShort(_long, FEE, 5e17, 0, NEVER, anyone);
        vm.stopPrank();
        emit log_named_uint("sell SHORT via the LONG pool", vm.lastCallGas().gasTotalUsed);
    }

    /* INTERNALS */

    /// @dev A pool with `DEPTH` of LONG, at a price in satoshi, where 1,861,000 is the most; the buyer allows the listing.
    function _open(Case memory given) private {
        useOrder(given.positionIs0);
        _long = fullLong(30);
        // From here on LONG is worth something for certain, and the range of the liquidity ends below.
        pokeWith(4000e18, 1000e18);
        given.price = uint64(bound(given.price, 10_000, 1_800_000));
        given.quantity = uint128(bound(given.quantity, 1e10, 100e18));
        _pool = listLong(_long, FEE, uint256(given.price) * 1e18, DEPTH);
        vm.prank(buyer);
        token.approve(address(listing), NEVER);
    }

    /// @dev What the pool pays for LONG, or asks for it, of somebody who is not us.
    function _ask(uint128 quantity, bool sells) private returns (uint256 cash) {
        uint256 snapshot = vm.snapshotState();
        IERC20 facade = facadeOf(_long);
        if (sells) {
            escrowAs(anyone, _long, quantity);
            vm.prank(anyone);
            assertTrue(facade.transfer(address(trader), quantity));
            (, cash) = trader.swap(_pool, facade, IERC20(address(token)), int256(uint256(quantity)));
        } else {
            token.mint(address(trader), type(uint128).max);
            (cash,) = trader.swap(_pool, IERC20(address(token)), facade, -int256(uint256(quantity)));
        }
        vm.revertToState(snapshot);
    }

    /// @dev Gives `who` SHORT alone, and lets the listing take it.
    function _hold(address who, uint128 quantity) private {
        fund(address(this), ledger.previewEscrow(_long, quantity));
        ledger.escrow(_long, quantity, makeAddr("elsewhere"), who);
        BoxId short = ledger.mirrorOf(_long);
        vm.startPrank(who);
        ledger.approve(address(listing), BoxId.unwrap(short), NEVER);
        token.approve(address(listing), NEVER);
        vm.stopPrank();
    }

    function _trade(bool sell, uint24 fee, uint256 deadline) private {
        vm.prank(buyer);
        if (sell) listing.sellShort(_long, fee, 1, 0, deadline, buyer);
        else listing.buyShort(_long, fee, 1, NEVER, deadline, buyer);
    }

    /// @dev Another pool of the same pair where LONG costs 2,500,000, above the width.
    function _dearPool(bool positionIs0) private returns (IPool pool) {
        pool = IPool(factory.createPool(ledger.facadeOf(_long), address(token), 500));
        uint256 sqrtRatio = 1_581_138_830; // √2.5e18
        uint256 sqrtX96 = positionIs0 ? (sqrtRatio << 96) / 1e15 : (uint256(1e15) << 96) / sqrtRatio;
        pool.initialize(uint160(sqrtX96));
        fund(anyone, 1e15);
        IListing.Offer memory offer = offerOf(_long, 500, 1e24);
        offer.toleranceBps = 65_535;
        offer.cash = 1e15;
        vm.startPrank(anyone);
        token.approve(address(listing), NEVER);
        // Its range ends at the width, so all of the cash waits below the price.
        listing.list(offer);
        vm.stopPrank();
        _depositAbove(pool, positionIs0);
    }

    function _depositAbove(IPool pool, bool positionIs0) private {
        (, int24 tick,,,,,) = pool.slot0();
        int24 near = tick / 10 * 10;
        INonfungiblePositionManager.MintParams memory params;
        address facade = ledger.facadeOf(_long);
        (params.token0, params.token1) = positionIs0 ? (facade, address(token)) : (address(token), facade);
        params.fee = 500;
        (params.tickLower, params.tickUpper) = positionIs0 ? (near - 500, near - 10) : (near + 10, near + 500);
        fund(anyone, 1e12);
        (params.amount0Desired, params.amount1Desired) =
            positionIs0 ? (uint256(0), uint256(1e12)) : (uint256(1e12), uint256(0));
        (params.recipient, params.deadline) = (anyone, NEVER);
        vm.startPrank(anyone);
        token.approve(address(manager), NEVER);
        manager.mint(params);
        vm.stopPrank();
    }

    function _held(address[3] memory people) private view returns (uint256 sum) {
        for (uint256 i = 0; i < people.length; i++) {
            sum += token.balanceOf(people[i]);
        }
    }

    function _books() private view returns (bytes32) {
        BoxId short = ledger.mirrorOf(_long);
        return keccak256(
            abi.encode(
                token.balanceOf(buyer),
                token.balanceOf(address(_pool)),
                balanceOf(buyer, short),
                supplyOf(_long),
                supplyOf(short),
                ledger.reserveOf(index),
                sqrtPriceOf(_pool)
            )
        );
    }

    /// @dev Callback data that would take the cash of `victim`.
    function _loot(address victim) private view returns (bytes memory) {
        return abi.encode(
            uint8(1), _long, uint128(1e18), ledger.facadeOf(_long), address(token), victim, anyone, NEVER
        );
    }

    function _permitCall(PermitToken permitted, address owner, uint256 key, uint256 value)
        private
        view
        returns (bytes memory)
    {
        bytes32 typehash = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        bytes32 structHash = keccak256(
            abi.encode(typehash, owner, address(listing), value, permitted.nonces(owner), block.timestamp)
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked("\x19\x01", permitted.DOMAIN_SEPARATOR(), structHash)));
        return abi.encodeCall(IListing.permit, (address(permitted), value, block.timestamp, v, r, s));
    }

    function _arguments(bytes memory call) private pure returns (bytes memory arguments) {
        arguments = new bytes(call.length - 4);
        for (uint256 i = 0; i < arguments.length; i++) {
            arguments[i] = call[i + 4];
        }
    }
}

// forge-lint: disable-end(unsafe-typecast)
