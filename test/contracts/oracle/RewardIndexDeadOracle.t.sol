// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IProvenDays} from "../../../contracts/interfaces/IProvenDays.sol";
import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";

// every signer gone for good, the prover with them
// ├── positions of an attested network settle 7 epochs after their last day, of a proven or checked one 30
// ├── at what the last settled day earned, each day again; at nothing when no day ever settled
// └── the ledger pays all of them out of what they paid in
contract DeadOracleTest is BaseTest {
    uint24 private constant LENGTH = 9;

    uint256[2][LENGTH] private _earned;

    function testFuzz_everySignerGone_positionsSettle(
        uint256 class,
        uint256 said,
        uint256 seed,
        uint128[2] memory quantities
    ) public {
        class = bound(class, 0, 2);
        said = bound(said, 0, LENGTH - 1);
        for (uint256 i = 0; i < 2; i++) {
            quantities[i] = uint128(bound(quantities[i], 1, 1e30));
        }
        rewardIndex = deployRewardIndex(networkConfig(IRewardIndex.NetworkClass(class), 1, addressesOf(keys)));
        index = ledger.register(termsOf(address(token), address(rewardIndex)));
        BoxId whole = fullLong(LENGTH);
        BoxId late = longOf(FIRST_EPOCH + 4, FIRST_EPOCH + LENGTH);
        uint256 paidIn = escrowAs(miner, whole, quantities[0]) + escrowAs(buyer, late, quantities[1]);
        for (uint24 i = 0; i < said; i++) {
            _say(i, class != 0, seed);
        }

        vm.warp(endOf(FIRST_EPOCH + LENGTH - 1) + (class == 0 ? 7 : 30) * EPOCH_SECONDS);
        vm.startPrank(anyone);
        for (uint24 i = 0; i < LENGTH; i++) {
            if (i >= said) {
                rewardIndex.substitute(BTC, FIRST_EPOCH + i);
                if (i > 0) _earned[i] = _earned[i - 1];
            }
            ledger.poke(index);
        }
        vm.stopPrank();
        assertEq(token.balanceOf(address(ledger)), paidIn);

        uint256 paidOut =
            _redeemBoth(miner, whole, quantities[0], 0) + _redeemBoth(buyer, late, quantities[1], 4);
        assertLe(paidOut, paidIn);
        // A unit for each rounding.
        assertLe(paidIn - paidOut, 4);
        assertEq(ledger.reserveOf(index), paidIn - paidOut);
        assertEq(token.balanceOf(address(ledger)), paidIn - paidOut);
    }

    /// @dev Below the caps, so that days differ.
    function _say(uint24 number, bool proves, uint256 seed) private {
        IRewardIndex.Report memory report = reportFor(FIRST_EPOCH + number);
        uint256 random = uint256(keccak256(abi.encode(seed, number)));
        report.subsidy = uint128(random % 8e9);
        report.fees = uint128((random >> 128) % 8e8);
        report.cappedFees = report.fees;
        // 148,000 units did the work of that day.
        _earned[number] = [report.subsidy * 1e18 / 148_000, report.cappedFees * 1e18 / uint256(148_000)];
        vm.warp(endOf(FIRST_EPOCH + number));
        if (!proves) {
            rewardIndex.attest(report, signAll(keys, 3, rewardIndex.hashReport(report)));
            return;
        }
        IProvenDays.Totals memory totals = totalsFor(FIRST_EPOCH + number);
        (totals.subsidy, totals.fees, totals.cappedFees) = (report.subsidy, report.fees, report.cappedFees);
        vm.prank(prover);
        rewardIndex.prove(BTC, FIRST_EPOCH + number, totals);
    }

    function _redeemBoth(address who, BoxId long, uint128 quantity, uint256 from)
        private
        returns (uint256 sum)
    {
        uint256 earned;
        for (uint256 i = from; i < LENGTH; i++) {
            earned += _earned[i][0] + _earned[i][1];
        }
        uint256 top = (LENGTH - from) * (uint256(SUBSIDY_CAP) + FEES_CAP) * TICK;
        uint256 before = token.balanceOf(who);
        BoxId short = ledger.mirrorOf(long);
        vm.startPrank(who);
        ledger.redeem(long, quantity, who);
        assertEq(token.balanceOf(who) - before, quantity * earned / 1e36);
        ledger.redeem(short, quantity, who);
        vm.stopPrank();
        sum = token.balanceOf(who) - before;
        assertEq(sum, quantity * earned / 1e36 + quantity * (top - earned) / 1e36);
        assertEq(supplyOf(long) + supplyOf(short), 0);
    }
}
