// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IOutputProposer} from "../../../contracts/interfaces/IOutputProposer.sol";

/// @notice Proposes, and takes no ether.
contract ClosedRecipient {
    IOutputProposer internal immutable PROPOSER;

    constructor(IOutputProposer proposer_) payable {
        PROPOSER = proposer_;
    }

    function propose(bytes32 root, uint256 l2BlockNumber) external {
        PROPOSER.proposeL2Output{value: PROPOSER.BOND()}(root, l2BlockNumber, 0, 0);
    }

    function claim(address to) external {
        PROPOSER.claim(to);
    }
}

/// @notice Claims and settles again while it is being paid.
contract GreedyRecipient is ClosedRecipient {
    uint256 public refusals;

    constructor(IOutputProposer proposer_) payable ClosedRecipient(proposer_) {}

    receive() external payable {
        try PROPOSER.claim(address(this)) {}
        catch {
            refusals++;
        }
        try PROPOSER.settle(0) {}
        catch {
            refusals++;
        }
    }
}
