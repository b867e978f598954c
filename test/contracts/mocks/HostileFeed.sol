// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice A feed that answers each question with the bytes it was given, or reverts with them.
contract HostileFeed {
    struct Answer {
        bool fails;
        bytes data;
    }

    mapping(bytes4 selector => Answer) private _answers;

    function set(bytes4 selector, bool fails, bytes calldata data) external {
        _answers[selector] = Answer(fails, data);
    }

    // solhint-disable-next-line no-complex-fallback
    fallback() external {
        Answer memory answer = _answers[msg.sig];
        bytes memory data = answer.data;
        bool fails = answer.fails;
        assembly {
            switch fails
            case 0 { return(add(data, 32), mload(data)) }
            default { revert(add(data, 32), mload(data)) }
        }
    }
}
