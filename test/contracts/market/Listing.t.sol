// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IListing} from "../../../contracts/interfaces/IListing.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {UniswapTest} from "./UniswapTest.sol";

contract ListingTest is UniswapTest {
    uint128 private constant QUANTITY = 10e18;

    /// forge-config: default.isolate = true
    function test_buyShort_withinBudget() public {
        BoxId long = fullLong(30);
        escrowAs(miner, long, QUANTITY * 2);
        fund(miner, 1e18);
        vm.startPrank(miner);
        token.approve(address(listing), type(uint256).max);
        ledger.approve(address(listing), BoxId.unwrap(long), type(uint256).max);
        listing.list(_offer(long, 1_000_000e18));
        vm.stopPrank();
        emit log_named_uint("list", vm.lastCallGas().gasTotalUsed);

        address[2] memory buyers = [buyer, anyone];
        for (uint256 i = 0; i < buyers.length; i++) {
            fund(buyers[i], 1e18);
            vm.startPrank(buyers[i]);
            token.approve(address(listing), type(uint256).max);
            listing.buyShort(long, FEE, 1e18, NEVER, NEVER, buyers[i]);
            vm.stopPrank();
        }
        uint256 used = vm.lastCallGas().gasTotalUsed;
        emit log_named_uint("buy SHORT, budget 215000", used);
        assertLe(used, 215_000);
        assertEq(token.balanceOf(address(listing)), 0);
        assertEq(balanceOf(address(listing), long), 0);
    }

    function _offer(BoxId id, uint256 price) private view returns (IListing.Offer memory) {
        return IListing.Offer({
            id: id,
            fee: FEE,
            price: price,
            toleranceBps: 0,
            quantity: QUANTITY,
            cash: price * QUANTITY / 1e36,
            quantityMin: 0,
            cashMin: 0,
            deadline: NEVER,
            recipient: miner
        });
    }
}
