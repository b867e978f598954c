// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @notice Draws what a box pays over what its components earn.
library BoxArt {
    using Strings for uint256;

    uint256 private constant LEFT = 40;
    uint256 private constant WIDTH = 320;
    uint256 private constant TOP = 90;
    uint256 private constant BOTTOM = 230;

    /// @param isShort Pays the more, the less is earned.
    /// @param top The most that the components can earn. All of the following is in the same unit, at most the top.
    /// @param from Where the payoff begins to change, in earnings.
    /// @param to Where it stops, above `from`.
    /// @param earned By now.
    /// @param reachable The most that can be earned now.
    /// @dev Texts are written as they are: they must be clean.
    struct Scene {
        bool isShort;
        uint256 top;
        uint256 from;
        uint256 to;
        uint256 earned;
        uint256 reachable;
        string title;
        string subtitle;
        string fromLabel;
        string toLabel;
        string footer;
    }

    function draw(Scene memory scene) internal pure returns (string memory) {
        return string.concat(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" font-family="monospace" font-size="11" fill="#222">',
            '<rect width="400" height="300" fill="#faf7f0"/>',
            string.concat(_text(20, 30, "", scene.title), _text(20, 50, "", scene.subtitle)),
            string.concat(_future(scene), _axes(), _payoff(scene), _labels(scene)),
            _text(20, 282, "", scene.footer),
            "</svg>"
        );
    }

    /// @dev Where the index can still end is shaded; where it stands is a line.
    function _future(Scene memory scene) private pure returns (string memory) {
        uint256 left = _x(scene, scene.earned);
        uint256 width = _x(scene, scene.reachable) - left;
        string memory height = (BOTTOM - TOP).toString();
        return string.concat(
            string.concat('<path d="M', _point(left, TOP), "h", width.toString(), "v", height),
            string.concat("h-", width.toString(), 'z" fill="#e8dcc0"/>'),
            string.concat('<path d="M', _point(left, TOP), "v", height),
            '" stroke="#b4552d" stroke-dasharray="4 3"/>'
        );
    }

    function _axes() private pure returns (string memory) {
        return string.concat(
            '<path d="M', _point(LEFT, TOP - 10), "V", BOTTOM.toString(), 'H370" fill="none" stroke="#222"/>'
        );
    }

    function _payoff(Scene memory scene) private pure returns (string memory) {
        (uint256 first, uint256 last) = scene.isShort ? (TOP, BOTTOM) : (BOTTOM, TOP);
        return string.concat(
            '<path d="M',
            _point(LEFT, first),
            string.concat("H", _x(scene, scene.from).toString()),
            string.concat("L", _point(_x(scene, scene.to), last)),
            string.concat("H", (LEFT + WIDTH).toString()),
            '" fill="none" stroke="#1f5f5b" stroke-width="3"/>'
        );
    }

    function _labels(Scene memory scene) private pure returns (string memory) {
        return string.concat(
            _text(_x(scene, scene.from), BOTTOM + 15, _anchor(scene, scene.from), scene.fromLabel),
            _text(_x(scene, scene.to), BOTTOM + 30, _anchor(scene, scene.to), scene.toLabel)
        );
    }

    function _text(uint256 x, uint256 y, string memory attributes, string memory text)
        private
        pure
        returns (string memory)
    {
        string memory place = string.concat('<text x="', x.toString(), '" y="', y.toString(), '"');
        return string.concat(place, attributes, ">", text, "</text>");
    }

    /// @dev Towards the middle of the picture.
    function _anchor(Scene memory scene, uint256 value) private pure returns (string memory) {
        return value > scene.top / 2 ? ' text-anchor="end"' : "";
    }

    function _point(uint256 x, uint256 y) private pure returns (string memory) {
        return string.concat(x.toString(), ",", y.toString());
    }

    /// @dev Safe because values are below 2^128.
    function _x(Scene memory scene, uint256 value) private pure returns (uint256) {
        return LEFT + value * WIDTH / scene.top;
    }
}
