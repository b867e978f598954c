// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IRewardIndex} from "../../contracts/interfaces/IRewardIndex.sol";
import {BoxId} from "../../contracts/types/BoxId.sol";
import {BaseTest} from "./BaseTest.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

// Budgets, in gas of a whole transaction. Every call of these tests is one: isolation is on, so storage is cold and the
// 21,000 and the calldata are counted.
// attest ── 4, 13, 31 signers; on a network whose days may be voided
// prove, substitute
// poke
// escrow ── new, existing series
// redeem ── long, short, ten at once
// split ── of new ids, of existing ones, along each axis
// join, merge, transfer ── to another, to a holder
// realise ── leaving a new, an existing id
// deployFacade ── of a series that exists
// facade transfer ── to a holder
contract GasTest is BaseTest {
    uint128 private constant QUANTITY = 1e18;

    /// forge-config: default.isolate = true
    function test_attest_withinBudget_of4() public {
        _deployOf(1);
        _attestFirst(3);
        _attestWithin("attest, 4 signers", keys, 3, 124_000);
    }

    /// @dev Where a challenger may void a day, its root is kept: one word more.
    /// forge-config: default.isolate = true
    function test_attest_withinBudget_challengeable() public {
        attestDay(FIRST_EPOCH);
        _attestWithin("attest, 4 signers, challengeable", keys, 3, 146_000);
    }

    /// forge-config: default.isolate = true
    function test_prove_withinBudget() public {
        _deployOf(1);
        vm.warp(endOf(FIRST_EPOCH + 1));
        vm.prank(prover);
        rewardIndex.prove(BTC, FIRST_EPOCH, totalsFor(FIRST_EPOCH));

        vm.prank(prover);
        rewardIndex.prove(BTC, FIRST_EPOCH + 1, totalsFor(FIRST_EPOCH + 1));
        _within("prove", 124_000);
    }

    /// forge-config: default.isolate = true
    function test_substitute_withinBudget() public {
        vm.warp(endOf(FIRST_EPOCH + 8));
        rewardIndex.substitute(BTC, FIRST_EPOCH);

        rewardIndex.substitute(BTC, FIRST_EPOCH + 1);
        _within("substitute", 86_000);
    }

    /// forge-config: default.isolate = true
    function test_attest_withinBudget_of13() public {
        _deployOf(4);
        _attestFirst(9);
        _attestWithin("attest, 13 signers", keys, 9, 152_000);
    }

    /// forge-config: default.isolate = true
    function test_attest_withinBudget_of31() public {
        _deployOf(10);
        _attestFirst(21);
        _attestWithin("attest, 31 signers", keys, 21, 209_000);
    }

    /// forge-config: default.isolate = true
    function test_poke_withinBudget() public {
        index = ledger.register(termsOf(address(token), address(rewardIndex)));
        attestDay(FIRST_EPOCH);
        attestDay(FIRST_EPOCH + 1);
        vm.warp(block.timestamp + DISPUTE_SECONDS);
        ledger.poke(index);

        ledger.poke(index);
        _within("poke", 66_000);
    }

    /// forge-config: default.isolate = true
    function test_escrow_withinBudget_newSeries() public {
        escrowAs(anyone, fullLong(7), QUANTITY);
        fund(miner, 1e18);

        vm.prank(miner);
        ledger.escrow(fullLong(8), QUANTITY, buyer, miner);
        _within("escrow new", 126_000);
    }

    /// forge-config: default.isolate = true
    function test_escrow_withinBudget_existingSeries() public {
        fund(miner, 1e18);
        vm.prank(miner);
        ledger.escrow(fullLong(7), QUANTITY, buyer, miner);

        vm.prank(miner);
        ledger.escrow(fullLong(7), QUANTITY, buyer, miner);
        _within("escrow existing", 75_000);
    }

    /// forge-config: default.isolate = true
    function test_redeem_withinBudget() public {
        pokeWith(1e22, 1e21);
        escrowAs(anyone, fullLong(3), QUANTITY);
        escrowAs(miner, fullLong(3), QUANTITY);
        fund(miner, 1);
        pokeWith(1e22, 1e21);
        pokeWith(1e22, 1e21);

        BoxId long = fullLong(3);
        vm.prank(miner);
        ledger.redeem(long, QUANTITY / 2, miner);
        _within("redeem long", 66_000);
        BoxId short = ledger.mirrorOf(long);
        vm.prank(miner);
        ledger.redeem(short, QUANTITY / 2, miner);
        _within("redeem short", 66_000);
    }

    /// @dev Ten weeks in a row, as who holds a calendar of them has.
    /// forge-config: default.isolate = true
    function test_redeemMany_withinBudget_ofTen() public {
        BoxId[] memory ids = new BoxId[](10);
        uint128[] memory quantities = new uint128[](10);
        for (uint24 i = 0; i < 10; i++) {
            (ids[i], quantities[i]) = (longOf(FIRST_EPOCH + i, FIRST_EPOCH + i + 1), QUANTITY);
            pokeWith(1e22, 1e21);
            escrowAs(miner, ids[i], QUANTITY);
        }
        fund(miner, 1);
        escrowAs(anyone, fullLong(30), QUANTITY);

        vm.prank(miner);
        ledger.redeemMany(ids, quantities, miner);
        _within("redeem ten at once", 10 * 20_000);
    }

    /// forge-config: default.isolate = true
    function test_split_withinBudget() public {
        BoxId whole = fullLong(10);
        escrowAs(miner, whole, 10 * QUANTITY);
        ILedger.Axis[3] memory axes = [ILedger.Axis.Component, ILedger.Axis.Time, ILedger.Axis.Value];
        string[3] memory names = ["by component", "by time", "by value"];
        uint64[3] memory cuts = [uint64(1), FIRST_EPOCH + 4, 1e12];
        for (uint256 i = 0; i < 3; i++) {
            vm.prank(miner);
            ledger.split(whole, axes[i], cuts[i], QUANTITY);
            _within(string.concat("split new ", names[i]), 133_000);
            vm.prank(miner);
            ledger.split(whole, axes[i], cuts[i], QUANTITY);
            _within(string.concat("split existing ", names[i]), 63_000);
        }
    }

    /// forge-config: default.isolate = true
    function test_join_withinBudget() public {
        BoxId whole = fullLong(10);
        escrowAs(miner, whole, 10 * QUANTITY);
        vm.startPrank(miner);
        ledger.split(whole, ILedger.Axis.Time, FIRST_EPOCH + 4, QUANTITY);

        ledger.join(whole, ILedger.Axis.Time, FIRST_EPOCH + 4, QUANTITY / 2);
        _within("join", 66_000);
    }

    /// forge-config: default.isolate = true
    function test_merge_withinBudget() public {
        BoxId long = fullLong(7);
        escrowAs(miner, long, QUANTITY);
        escrowAs(anyone, long, QUANTITY);
        fund(miner, 1);

        vm.prank(miner);
        ledger.merge(long, QUANTITY / 2, miner);
        _within("merge", 72_000);
    }

    /// forge-config: default.isolate = true
    function test_realise_withinBudget() public {
        BoxId long = fullLong(7);
        escrowAs(miner, long, 4 * QUANTITY);
        fund(miner, 1);
        pokeWith(1e22, 1e21);

        vm.startPrank(miner);
        ledger.realise(long, FIRST_EPOCH + 1, QUANTITY, miner);
        _within("realise new", 115_000);
        ledger.realise(long, FIRST_EPOCH + 1, QUANTITY, miner);
        _within("realise existing", 81_000);
    }

    /// forge-config: default.isolate = true
    function test_transfer_withinBudget() public {
        BoxId long = fullLong(7);
        escrowAs(miner, long, QUANTITY);

        vm.startPrank(miner);
        ledger.transfer(buyer, BoxId.unwrap(long), QUANTITY / 4);
        _within("transfer to another", 55_000);
        ledger.transfer(buyer, BoxId.unwrap(long), QUANTITY / 4);
        _within("transfer to a holder", 38_000);
    }

    /// forge-config: default.isolate = true
    function test_deployFacade_withinBudget() public {
        BoxId long = fullLong(7);
        escrowAs(miner, long, QUANTITY);

        ledger.deployFacade(long);
        _within("deploy facade", 75_000);
        BoxId short = ledger.mirrorOf(long);
        ledger.deployFacade(short);
        _within("deploy facade short", 75_000);
    }

    /// forge-config: default.isolate = true
    function test_facadeTransfer_withinBudget_toHolder() public {
        BoxId long = fullLong(7);
        escrowAs(miner, long, QUANTITY);
        escrowAs(buyer, long, QUANTITY);
        IERC20 facade = IERC20(ledger.deployFacade(long));

        vm.prank(miner);
        assertTrue(facade.transfer(buyer, QUANTITY / 2));
        _within("facade transfer", 47_000);
    }

    /// @dev Like BTC at launch: proven, so with no challenger.
    function _deployOf(uint8 faultTolerance) private {
        keys = signerKeys(3 * uint256(faultTolerance) + 1);
        rewardIndex = deployRewardIndex(
            networkConfig(IRewardIndex.NetworkClass.Proven, faultTolerance, addressesOf(keys))
        );
    }

    function _attestFirst(uint256 count) private {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH);
        vm.warp(endOf(FIRST_EPOCH));
        rewardIndex.attest(report, signAll(keys, count, rewardIndex.hashReport(report)));
    }

    function _attestWithin(string memory what, uint256[] memory keys_, uint256 count, uint256 budget)
        private
    {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH + 1);
        bytes memory signatures = signAll(keys_, count, rewardIndex.hashReport(report));
        vm.warp(endOf(FIRST_EPOCH + 1));
        rewardIndex.attest(report, signatures);
        _within(what, budget);
    }

    function _within(string memory what, uint256 budget) private {
        uint256 used = vm.lastCallGas().gasTotalUsed;
        // The bench reads these lines.
        emit log_named_uint(string.concat("gas | ", what, " | ", vm.toString(budget), " "), used);
        assertLe(used, budget, what);
    }
}
