// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice A token whose metadata are whatever bytes a test wants, or worse.
contract TalkativeToken {
    enum Manner {
        Answers,
        Reverts,
        BurnsAllGas,
        AnswersAtLength
    }

    Manner public manner;
    mapping(bytes4 selector => bytes) private _answers;

    function behave(Manner manner_) external {
        manner = manner_;
    }

    function say(bytes4 selector, bytes calldata answer) external {
        _answers[selector] = answer;
    }

    fallback() external {
        if (manner == Manner.Reverts) revert("<script>");
        if (manner == Manner.BurnsAllGas) {
            assembly {
                invalid()
            }
        }
        bytes memory answer = _answers[msg.sig];
        uint256 size = manner == Manner.AnswersAtLength ? 4096 : answer.length;
        assembly {
            return(add(answer, 32), size)
        }
    }
}
