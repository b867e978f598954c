// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded values.
// forge-lint: disable-start(unsafe-typecast)

import {IFacade} from "../../../contracts/interfaces/IFacade.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";
import {LendingMarket} from "./LendingMarket.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

// A stranger's market, whose only imports of ours are interfaces and the id
// ├── refuses a facade that the ledger does not know
// ├── a story: supply, deposit, borrow what is certain, not more; parts in and out; cash in; close at maturity; leave
// └── with any box, any index and any order of calls no debt is above what its collateral brings, and lenders leave whole
contract LendingMarketTest is BaseTest {
    uint24 private constant DAYS = 30;
    uint256 private constant SUPPLIED = 1e12;

    LendingMarket private _market;
    BoxId private _id;
    address private _lender = makeAddr("lender");

    /// @dev This contract too says that it is a facade.
    BoxId public id;

    function test_constructor_revertsIfNotAFacadeOfTheLedger() public {
        id = fullLong(DAYS);
        vm.expectRevert(abi.encodeWithSelector(LendingMarket.NotFacadeOfLedger.selector, address(this)));
        new LendingMarket(ledger, IFacade(address(this)));
    }

    function test_story() public {
        _open(fullLong(DAYS));
        _bring(miner, 10e18);
        // Nothing is certain before the first day.
        vm.expectRevert(abi.encodeWithSelector(LendingMarket.NotCovered.selector, 1, 0));
        _borrow(miner, 1);

        // Ten days of 41,000 satoshi: 410,000 for each of ten units, and a hundredth is the fee.
        _poke(10);
        vm.expectRevert(abi.encodeWithSelector(LendingMarket.NotCovered.selector, 4_100_001, 4_100_000));
        _borrow(miner, 4_100_001);
        assertEq(_borrow(miner, 4_100_000), 4_059_000);
        vm.expectRevert(abi.encodeWithSelector(LendingMarket.NotCovered.selector, 4_100_000, 4_099_999));
        _withdraw(miner, 1);

        _takePartsOf(buyer);

        // The miner pays some back, and at maturity the rest of it with the position: 12,300,000 less 3,100,000.
        fund(miner, 1_000_000);
        vm.startPrank(miner);
        token.approve(address(_market), 1_000_000);
        _market.repay(miner, 1_000_000);
        vm.stopPrank();
        _poke(20);
        uint256 before = token.balanceOf(miner);
        vm.prank(anyone);
        assertEq(_market.close(miner), 9_200_000);
        assertEq(token.balanceOf(miner) - before, 9_200_000);

        // Fees of 41,000 and 8,200.
        assertEq(_leave(_lender), SUPPLIED + 49_200);
        assertEq(token.balanceOf(address(_market)), 0);
    }

    /// @dev A borrower who has only parts, and wants parts back.
    function _takePartsOf(address who) private {
        escrowAs(who, _id, 4e18);
        vm.startPrank(who);
        ledger.split(_id, ILedger.Axis.Component, 1, 4e18);
        ledger.setOperator(address(_market), true);
        _market.depositParts(ILedger.Axis.Component, 1, 4e18);
        assertEq(_facade().balanceOf(address(_market)), 14e18);
        _market.borrow(820_000);
        _market.withdrawParts(ILedger.Axis.Time, FIRST_EPOCH + 15, 2e18);
        (BoxId early, BoxId late) = ledger.partsOf(_id, ILedger.Axis.Time, FIRST_EPOCH + 15);
        assertEq(balanceOf(who, early), 2e18);
        assertEq(balanceOf(who, late), 2e18);

        // Ten days of his two units are the 820,000 that he owes; the other twenty days are his.
        (uint256 surplus, BoxId rest) = _market.cashIn(FIRST_EPOCH + 10);
        vm.stopPrank();
        assertEq(surplus, 0);
        assertEq(balanceOf(who, rest), 2e18);
        assertEq(rest.start(), FIRST_EPOCH + 10);
    }

    struct Call {
        uint8 kind;
        uint8 who;
        uint128 amount;
    }

    struct Terms {
        bool isShort;
        uint8 mask;
        uint64 lo;
        uint64 hi;
    }

    function testFuzz_market_neverHasABadDebt(Terms memory terms, Call[24] memory calls) public {
        _open(_boxOf(terms));
        address[3] memory borrowers = [miner, buyer, anyone];

        for (uint256 i = 0; i < calls.length; i++) {
            _act(borrowers[calls[i].who % 3], calls[i]);
            _assertCovered(borrowers);
        }
        while (ledger.pokedUntil(index) < _id.end()) {
            _pokeRandom(uint256(keccak256(abi.encode(ledger.pokedUntil(index), calls[0].amount))));
            _assertCovered(borrowers);
        }
        for (uint256 i = 0; i < borrowers.length; i++) {
            (uint128 quantity, uint256 debt) = _market.loanOf(borrowers[i]);
            if (quantity == 0) assertEq(debt, 0, "owed without collateral");
            else _market.close(borrowers[i]);
        }
        assertEq(_market.lent(), 0);
        assertGe(_leave(_lender), SUPPLIED, "a lender lost");
    }

    /* STEPS */

    function _open(BoxId opened) private {
        _id = opened;
        ledger.deployFacade(_id);
        _market = new LendingMarket(ledger, IFacade(ledger.facadeOf(_id)));
        token.mint(_lender, SUPPLIED);
        vm.startPrank(_lender);
        token.approve(address(_market), SUPPLIED);
        _market.supply(SUPPLIED);
        vm.stopPrank();
    }

    function _act(address who, Call memory call) private {
        (uint128 quantity,) = _market.loanOf(who);
        uint256 kind = call.kind % 6;
        if (kind == 0) _bring(who, uint128(bound(call.amount, 1, 1e21)));
        else if (kind == 1) _pokeRandom(call.amount);
        else if (kind == 2) _borrowSome(who, call.amount);
        else if (kind == 3) _withdrawSome(who, call.amount);
        else if (kind == 4 && quantity > 0) _cashIn(who, call.amount);
        else if (kind == 5) _repaySome(who, call.amount);
    }

    function _borrowSome(address who, uint128 amount) private {
        (uint128 quantity, uint256 debt) = _market.loanOf(who);
        uint256 room = _market.certainOf(quantity) - debt;
        if (room > _market.idle()) room = _market.idle();
        // Mostly all of it.
        _borrow(who, amount % 4 == 0 ? bound(amount, 0, room) : room);
    }

    function _withdrawSome(address who, uint128 amount) private {
        (uint128 quantity,) = _market.loanOf(who);
        vm.prank(who);
        try _market.withdraw(uint128(bound(amount, 0, quantity))) {}
        catch (bytes memory reason) {
            assertEq(bytes4(reason), LendingMarket.NotCovered.selector);
        }
    }

    function _cashIn(address who, uint256 amount) private {
        uint24 known = ledger.pokedUntil(index) < _id.end() ? ledger.pokedUntil(index) : _id.end();
        if (known <= _id.start()) return;
        uint24 until = uint24(bound(amount, _id.start() + 1, known));
        // What was certain earlier may be less than what was borrowed since; what is certain now never is.
        vm.prank(who);
        try _market.cashIn(until) {}
        catch (bytes memory reason) {
            assertEq(bytes4(reason), LendingMarket.NotCovered.selector);
            assertLt(until, known);
        }
    }

    function _repaySome(address who, uint256 amount) private {
        (, uint256 debt) = _market.loanOf(who);
        amount = bound(amount, 0, debt);
        token.mint(who, amount);
        vm.startPrank(who);
        token.approve(address(_market), amount);
        _market.repay(who, amount);
        vm.stopPrank();
    }

    function _bring(address who, uint128 quantity) private {
        escrowAs(who, _id.isShort() ? ledger.mirrorOf(_id) : _id, quantity);
        IERC20 facade = _facade();
        vm.startPrank(who);
        facade.approve(address(_market), quantity);
        _market.deposit(quantity);
        vm.stopPrank();
    }

    function _borrow(address who, uint256 amount) private returns (uint256) {
        vm.prank(who);
        return _market.borrow(amount);
    }

    function _withdraw(address who, uint128 quantity) private {
        vm.prank(who);
        _market.withdraw(quantity);
    }

    function _leave(address who) private returns (uint256) {
        uint256 shares = _market.sharesOf(who);
        vm.prank(who);
        return _market.leave(shares);
    }

    function _poke(uint256 count) private {
        for (uint256 i = 0; i < count; i++) {
            pokeWith(40_000e18, 1000e18);
        }
    }

    /// @dev Up to the cap and beyond, with some weight on both ends.
    function _pokeRandom(uint256 seed) private {
        uint256 subsidy = seed % 5 == 0 ? 0 : seed % 5 == 1 ? 58_000e18 : seed % 58_000e18;
        pokeWith(subsidy, (seed >> 8) % 7000e18);
    }

    /* INTERNALS */

    function _boxOf(Terms memory terms) private view returns (BoxId) {
        uint8 mask = uint8(bound(terms.mask, 1, 3));
        uint64 top = DAYS * ((mask & 1 != 0 ? SUBSIDY_CAP : 0) + (mask & 2 != 0 ? FEES_CAP : 0));
        uint64 lo = uint64(bound(terms.lo, 0, top - 1));
        uint64 hi = uint64(bound(terms.hi, lo + 1, top));
        if (hi == top) hi = Boxes.MAX_STRIKE;
        return Boxes.pack(Box(terms.isShort, mask, index, FIRST_EPOCH, FIRST_EPOCH + DAYS, lo, hi));
    }

    function _assertCovered(address[3] memory borrowers) private view {
        for (uint256 i = 0; i < borrowers.length; i++) {
            (uint128 quantity, uint256 debt) = _market.loanOf(borrowers[i]);
            assertLe(debt, _market.certainOf(quantity), "a debt is not covered");
        }
        assertEq(token.balanceOf(address(_market)), _market.idle(), "idle cash is not there");
    }

    function _facade() private view returns (IERC20) {
        return IERC20(ledger.facadeOf(_id));
    }
}

// forge-lint: disable-end(unsafe-typecast)
